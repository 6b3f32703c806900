#include "kubewatch/objects/snapshot.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <random>
#include <set>
#include <string>

#include "healthz/configuration_error.h"
#include "kubewatch/objects/octets.h"
#include "kubewatch/snapshot/snapshot_file.h"
#include "kubewatch/snapshot/snapshot_keeper.h"
#include "tests/kubewatch/cluster_text.h"
#include "tests/kubewatch/folder.h"
#include "tests/kubewatch/zone_text.h"

using namespace canopy;
using namespace canopy::kube;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kObjects = {
    namespace_json("a", R"("team":"x")"),
    namespace_json("empty"),
    service_json("a", "web", R"("clusterIP":"10.0.0.1","ports":[{"port":80}])"),
    service_json("a", "db", R"("clusterIP":"None")"),
    slice_json("a", "db-1", "db", "10.1.0.1 !10.1.0.2 fd00::1"),
    slice_json("a", "web-1", "web", "10.1.0.9"),
    service_json("a", "out", R"("type":"ExternalName","externalName":"x.y")"),
};

SnapshotHead head(const std::string& fingerprint = "here") {
  return {fingerprint, WallTime(std::chrono::seconds(1'700'000'000))};
}

std::string octets_of(const ClusterWatch& watch,
                      const SnapshotHead& of = head()) {
  std::string octets = snapshot_head(of);
  watch.save([&](std::string_view piece) { octets += piece; });
  octets += snapshot_end();
  Sha256 sum;
  sum.add(octets);
  return octets + sum.digest();
}

std::string octets_of(const std::vector<std::string>& objects) {
  TestCluster cluster;
  cluster.list(objects);
  return octets_of(cluster.watch);
}

Snapshot snapshot_of(const std::vector<std::string>& objects) {
  return std::get<Snapshot>(Snapshot::parse(octets_of(objects)));
}

// Why it is no snapshot; "" when it is one.
std::string fault_of(const std::string& octets) {
  const auto found = Snapshot::parse(octets);
  const auto* why = std::get_if<std::string>(&found);
  return why == nullptr ? "" : *why;
}

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// One kind's list in an API server's words.
Origin list_kind(ClusterWatch& watch, ObjectKind kind,
                 const std::vector<std::string>& objects) {
  const Listing listing{watch.new_origin(), 0, {}};
  for (const std::string& json : objects) {
    watch.put(listing, std::move(std::get<DecodedObject>(decode_one(json))));
  }
  watch.finish(listing, kind, "1");
  return listing.origin;
}

std::string web_of(TestCluster& cluster) {
  return records_of(cluster.zones, "web.a.svc.cluster.local.");
}

}  // namespace

TEST_CASE("zones made from a snapshot are those it was made of") {
  TestCluster before;
  before.list(kObjects);
  const std::string octets = octets_of(before.watch);
  CHECK(octets.starts_with("canopydns snapshot 1\n"));
  const Snapshot snapshot = std::get<Snapshot>(Snapshot::parse(octets));
  CHECK(snapshot.head().fingerprint == "here");
  CHECK(snapshot.head().written == head().written);

  TestCluster after;
  CHECK_FALSE(after.watch.is_stale());
  CHECK(after.watch.restore(snapshot) == kObjects.size());
  CHECK(zone_lines(after.zones) == zone_lines(before.zones));
  CHECK(after.watch.is_stale());
  const WatchStatus status = after.watch.status();
  CHECK(status.synced);
  CHECK(status.stale);
  CHECK_FALSE(status.fresh);
  CHECK_FALSE(status.of(ObjectKind::kService).synced);
  // And again: what is kept of it is the same.
  CHECK(octets_of(after.watch) == octets);
}

TEST_CASE("on_synced is called by a snapshot, and once") {
  int calls = 0;
  ClusterWatchOptions options = test_options();
  options.on_synced = [&] { ++calls; };
  TestCluster cluster(options);
  cluster.watch.restore(snapshot_of(kObjects));
  CHECK(calls == 1);
  cluster.list(kObjects);
  CHECK(calls == 1);
}

TEST_CASE("the API server's lists take the place of a snapshot") {
  TestCluster cluster;
  cluster.watch.restore(snapshot_of(kObjects));
  const std::string web = web_of(cluster);
  CHECK_FALSE(web.empty());

  list_kind(cluster.watch, ObjectKind::kService,
            {service_json("a", "web", R"("clusterIP":"10.0.0.2")")});
  CHECK(web_of(cluster).starts_with("A 10.0.0.2"));
  CHECK(records_of(cluster.zones, "out.a.svc.cluster.local.").empty());
  CHECK(cluster.watch.is_stale());
  list_kind(cluster.watch, ObjectKind::kEndpointSlice, {});
  CHECK(cluster.watch.is_stale());
  list_kind(cluster.watch, ObjectKind::kNamespace, {namespace_json("a")});
  CHECK_FALSE(cluster.watch.is_stale());
  CHECK(cluster.watch.status().fresh);

  // Nothing is left but what the lists said.
  TestCluster fresh;
  fresh.list({namespace_json("a"),
              service_json("a", "web", R"("clusterIP":"10.0.0.2")")});
  CHECK(zone_lines(cluster.zones) == zone_lines(fresh.zones));
}

TEST_CASE("a list that breaks off takes nothing of a snapshot away") {
  TestCluster cluster;
  cluster.watch.restore(snapshot_of(kObjects));
  const Listing listing{cluster.watch.new_origin(), 0, {}};
  cluster.watch.put(
      listing, std::move(std::get<DecodedObject>(decode_one(
                   service_json("a", "web", R"("clusterIP":"10.0.0.2")")))));
  cluster.watch.abandon(listing);
  list_kind(cluster.watch, ObjectKind::kNamespace, {namespace_json("a")});
  CHECK(web_of(cluster).starts_with("A 10.0.0.2"));
  // It counts as the snapshot's: the next list may say it is gone.
  list_kind(cluster.watch, ObjectKind::kService, {});
  CHECK(web_of(cluster).empty());
}

TEST_CASE("a streamed list takes nothing of a snapshot away before its end") {
  TestCluster cluster;
  cluster.watch.restore(snapshot_of(kObjects));
  const std::string web = R"("clusterIP":"10.0.0.2")";
  const auto stream = [&](const Listing& listing, WatchEvent::Type type) {
    WatchEvent event;
    event.type = type;
    event.object = decode_one(service_json("a", "web", web));
    cluster.watch.put_event(listing, std::move(event));
  };
  const auto publish = [&] {
    list_kind(cluster.watch, ObjectKind::kNamespace, {namespace_json("a")});
  };
  for (const bool finishes : {false, true}) {
    CAPTURE(finishes);
    const Listing listing{cluster.watch.new_origin(), 0, {}};
    stream(listing, WatchEvent::Type::kDeleted);
    stream(listing, WatchEvent::Type::kAdded);
    stream(listing, WatchEvent::Type::kDeleted);
    publish();
    CHECK(web_of(cluster).starts_with("A 10.0.0.2"));
    if (finishes) {
      cluster.watch.finish(listing, ObjectKind::kService, "9");
    } else {
      cluster.watch.abandon(listing);
    }
  }
  publish();
  CHECK(web_of(cluster).empty());
}

TEST_CASE("a snapshot does not undo what a list has said already") {
  TestCluster cluster;
  list_kind(cluster.watch, ObjectKind::kNamespace, {namespace_json("a")});
  list_kind(cluster.watch, ObjectKind::kService, {});
  // A list under way: the object it brought is newer than the snapshot's.
  const Listing listing{cluster.watch.new_origin(), 0, {}};
  cluster.watch.put(listing, std::move(std::get<DecodedObject>(decode_one(
                                 slice_json("a", "db-1", "db", "10.1.0.77")))));
  CHECK(cluster.watch.restore(snapshot_of(kObjects)) == 1);  // web-1
  CHECK(web_of(cluster).empty());
  cluster.watch.finish(listing, ObjectKind::kEndpointSlice, "1");
  CHECK(cluster.watch.status().of(ObjectKind::kEndpointSlice).objects == 1);
  CHECK(cluster.watch.restore(snapshot_of(kObjects)) == 0);  // too late
}

TEST_CASE("cut or changed at any octet, it is no snapshot") {
  const std::string whole = octets_of(kObjects);
  REQUIRE(fault_of(whole) == "");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(fault_of(whole.substr(0, size)).empty());
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    CAPTURE(at);
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    CHECK_FALSE(fault_of(changed).empty());
  }
  CHECK_FALSE(fault_of(whole + "x").empty());
  CHECK(fault_of("hello") == "it is not a snapshot");
  CHECK(fault_of("canopydns snapshot 2\n") ==
        "it is of another version of CanopyDNS");
  CHECK(fault_of(whole.substr(0, whole.size() / 2)) ==
        "it is truncated or corrupted: its checksum is wrong");
}

TEST_CASE("with a right checksum, octets that are none do no harm") {
  const std::string whole = octets_of(kObjects);
  const std::string inside = whole.substr(0, whole.size() - 32);
  std::mt19937 random(1);  // the same each time
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = inside;
    const std::size_t from = snapshot_head(head()).size();
    for (int j = 0; j < 3; ++j) {
      changed[from + random() % (changed.size() - from)] =
          static_cast<char>(random());
    }
    if (i % 3 == 0) changed.resize(from + random() % (changed.size() - from));
    Sha256 sum;
    sum.add(changed);
    const auto found = Snapshot::parse(changed + sum.digest());
    if (const auto* snapshot = std::get_if<Snapshot>(&found)) {
      TestCluster cluster;
      cluster.watch.restore(*snapshot);
    }
  }
}

// A snapshot of one Service that says it has so many ports, with a right
// checksum.  Each port is three octets.
std::string forged(std::size_t said, std::size_t octets) {
  OctetWriter service;
  service.octet(0);  // type
  service.octet(0);  // publishNotReadyAddresses
  service.text("");  // externalName
  service.count(0);  // clusterIPs
  service.count(said);
  OctetWriter out;
  out.octet(1);
  out.text("a");
  out.octet(0);  // no Namespace
  out.count(1);
  out.text("web");
  out.text(service.done() + std::string(octets, '\0'));
  out.count(0);  // slices
  out.count(0);  // Pods
  const std::string text = snapshot_head(head()) + out.done() + snapshot_end();
  Sha256 sum;
  sum.add(text);
  return text + sum.digest();
}

#ifndef CANOPYDNS_SANITIZED  // which take address space for themselves
// True when it is parsed with so much more address space than there is now.
bool is_parsed_within(std::size_t octets, const std::string& snapshot) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t most =
        pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + octets;
    const rlimit limit{most, most};
    ::setrlimit(RLIMIT_AS, &limit);
    try {
      Snapshot::parse(snapshot);
    } catch (const std::bad_alloc&) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status == 0;
}

TEST_CASE("a forged snapshot takes no more memory than its size allows") {
  constexpr std::size_t kMiB = 1 << 20;
  // Ports for which there are no octets, ports for which there are, and an
  // object of a size that no API server takes.
  CHECK(is_parsed_within(64 * kMiB, forged(7 * kMiB, 7 * kMiB)));
  CHECK(is_parsed_within(64 * kMiB, forged(kMiB / 2, 3 * kMiB / 2 - 10)));
  CHECK(is_parsed_within(64 * kMiB, forged(7 * kMiB / 3, 7 * kMiB)));
  CHECK(fault_of(forged(1000, 3000)).empty());
  CHECK_FALSE(fault_of(forged(1001, 3000)).empty());
}
#endif

TEST_CASE("octets that are more, less or other than an object are none") {
  const Service service = std::get<Service>(
      std::get<DecodedObject>(decode_one(kObjects[2])).object);
  const PackedObject packed = pack(service);
  const std::string octets(reinterpret_cast<const char*>(packed.data()),
                           packed.size());
  const auto is_service = [](const std::string& of) {
    return is_packed(ObjectKind::kService, PackedObject(of));
  };
  CHECK(is_service(octets));
  CHECK_FALSE(is_service(octets + "x"));
  CHECK_FALSE(is_service(octets.substr(0, octets.size() - 1)));
  CHECK_FALSE(is_service("\x09" + octets.substr(1)));  // a type there is not
  CHECK_FALSE(is_service(""));
}

// Who changes how objects are packed must raise kSnapshotVersion: an older
// program's file would be read as nonsense.
TEST_CASE("the octets of version 1") {
  CHECK(kSnapshotVersion == 1);
  Sha256 sum;
  sum.add(octets_of(kObjects));
  std::string text;
  for (const char c : sum.digest()) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned char>(c));
    text += hex;
  }
  CHECK(text ==
        "7c8f0becc4f07cf52066ae140c31776de269d819075b58178c9756941bb4b75f");
}

TEST_CASE("a file is written whole, beside nothing but itself") {
  TestFolder folder;
  TestCluster cluster;
  cluster.list(kObjects);
  SnapshotFile file(folder / "snapshot");
  CHECK_FALSE(file.exists());
  const auto fill = [&](const SnapshotFile::Sink& sink) {
    cluster.watch.save(sink);
  };
  const auto written = file.write(head(), fill);
  CHECK(written.error == "");
  CHECK(written.octets == fs::file_size(folder / "snapshot"));
  CHECK(content_of(folder / "snapshot") == octets_of(cluster.watch));
  CHECK(std::holds_alternative<Snapshot>(file.read()));
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
  // What a killed process left is no hindrance.
  folder.write("snapshot.new", std::string(100'000, 'x'));
  CHECK(file.write(head(), fill).error == "");
  CHECK(content_of(folder / "snapshot") == octets_of(cluster.watch));
}

TEST_CASE("what lies where the next one is written is not waited for") {
  TestFolder folder;
  const fs::path path = folder / "snapshot";
  const fs::path beside = folder / "snapshot.new";
  const auto error = [&] {
    return SnapshotFile(path).write(head(), [](const auto&) {}).error;
  };
  REQUIRE(::mkfifo(beside.c_str(), 0600) == 0);
  CHECK(error() == beside.string() + " is a FIFO or pipe, not a file");
  fs::remove(beside);
  fs::create_directory(beside);
  CHECK(error() == beside.string() + " is a folder, not a file");
  fs::remove(beside);
  fs::create_symlink("/dev/null", beside);
  CHECK(error() == beside.string() + " is a device, not a file");
  fs::remove(beside);
  fs::create_symlink("elsewhere", beside);
  CHECK(error() == "Too many levels of symbolic links");
  fs::remove(beside);
  CHECK(error() == "");
}

TEST_CASE("where nothing can be written is one line") {
  TestFolder folder;
  const auto why = [](const fs::path& path) -> std::string {
    try {
      SnapshotFile file(path);
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string path = folder.path().string();
  CHECK(why(folder / "none/snapshot") ==
        "--snapshot-file=" + path + "/none/snapshot: there is no folder " +
            path + "/none; create it, or mount a volume there");
  CHECK(why(folder.path()) == "--snapshot-file=" + path +
                                  ": is a folder, not a file; give the path of "
                                  "a file, existing or new");
  CHECK(why(folder / "snapshot") == "accepted");
}

// A process that writes one snapshot after the other, ended by SIGKILL after
// any number of its system calls.
TEST_CASE("killed at any moment, the file is a whole snapshot") {
  TestFolder folder;
  std::vector<std::string> objects = kObjects;
  for (int i = 0; i < 500; ++i) {
    objects.push_back(slice_json("a", "db-x" + std::to_string(i), "db",
                                 "10.2.0." + std::to_string(i % 250)));
  }
  TestCluster cluster;
  cluster.list(objects);
  SnapshotFile file(folder / "snapshot");
  const auto write = [&](int number) {
    return file.write(
        head(std::to_string(number)),
        [&](const SnapshotFile::Sink& sink) { cluster.watch.save(sink); });
  };
  REQUIRE(write(0).error == "");
  std::mt19937 random(std::random_device{}());
  int torn = 0;
  std::set<std::string> seen;
  for (int round = 1; round <= 200; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) write(round);
    }
    // Longer lives later, for a slow disk.
    ::usleep(random() % (8'000U << std::min(round / 40, 4)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto found = file.read();
    const auto* snapshot = std::get_if<Snapshot>(&found);
    REQUIRE(snapshot != nullptr);
    seen.insert(snapshot->head().fingerprint);
    torn += fs::exists(folder / "snapshot.new");
  }
  MESSAGE("killed 200 times, " << torn << " times in mid-write; " << seen.size()
                               << " rounds had finished one");
  CHECK(torn > 0);
  CHECK(seen.size() > 1);
}

namespace {

struct Kept {
  explicit Kept(const fs::path& path, const std::string& fingerprint = "here") {
    SnapshotOptions options;
    options.path = path;
    options.fingerprint = fingerprint;
    options.patience = std::chrono::milliseconds(50);
    options.look_every = std::chrono::milliseconds(1);
    options.period = std::chrono::milliseconds(1);
    keeper = std::make_unique<SnapshotKeeper>(options, cluster.watch);
  }
  SnapshotStatus status() { return cluster.watch.status().snapshot; }

  TestCluster cluster;
  std::unique_ptr<SnapshotKeeper> keeper;
};

}  // namespace

TEST_CASE("what one process kept, the next one serves") {
  TestFolder folder;
  const fs::path path = folder / "snapshot";
  {
    Kept first(path);
    first.keeper->start();
    first.cluster.list(kObjects);
    CHECK(eventually([&] { return first.status().writes == 1; }));
    // Nothing changed: nothing is written.
    first.cluster.change(service_json("a", "web", R"("clusterIP":"10.0.0.3")"));
    CHECK(eventually([&] { return first.status().writes == 2; }));
    first.keeper->stop();
    CHECK(first.status().writes == 2);
  }
  Kept next(path);
  next.cluster.watch.note_failure(ObjectKind::kService);
  next.keeper->start();
  CHECK(eventually([&] { return next.cluster.watch.status().stale; }));
  CHECK(web_of(next.cluster).starts_with("A 10.0.0.3"));
  CHECK(eventually([&] { return next.status().served_from != WallTime{}; }));
  // It is not written back as if it were fresh.
  next.keeper->stop();
  CHECK(next.status().writes == 0);
}

TEST_CASE("a silent API server is waited for, for a while") {
  TestFolder folder;
  folder.write("snapshot", octets_of(kObjects));
  Kept kept(folder / "snapshot");
  kept.keeper->start();
  CHECK(eventually([&] { return kept.cluster.watch.status().stale; }));
}

TEST_CASE("an API server that is there is better than any snapshot") {
  TestFolder folder;
  folder.write("snapshot", octets_of(kObjects));
  Kept kept(folder / "snapshot");
  kept.cluster.list({});
  kept.keeper->start();
  CHECK(eventually([&] { return kept.status().writes == 1; }));
  CHECK(web_of(kept.cluster).empty());
  CHECK(kept.status().served_from == WallTime{});
}

TEST_CASE("a snapshot of others, or a damaged one, is not served") {
  TestFolder folder;
  const std::string whole = octets_of(kObjects);
  folder.write("others", whole);
  folder.write("damaged", whole.substr(0, whole.size() - 1));
  folder.write("none", "");
  for (const std::string name : {"others", "damaged", "none"}) {
    CAPTURE(name);
    Kept kept(folder / name, name == "others" ? "elsewhere" : "here");
    kept.cluster.watch.note_failure(ObjectKind::kService);
    kept.keeper->start();
    kept.keeper->stop();
    CHECK_FALSE(kept.cluster.watch.status().synced);
    // With the API server's list it is written anew.
    Kept later(folder / name);
    later.cluster.list(kObjects);
    later.keeper->start();
    CHECK(eventually([&] { return later.status().writes == 1; }));
    CHECK(fault_of(content_of(folder / name)) == "");
  }
}
