#include "kubewatch/manifests/manifests.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "healthz/configuration_error.h"
#include "tests/kubewatch/captured_log.h"
#include "tests/kubewatch/cluster_text.h"
#include "tests/kubewatch/folder.h"
#include "tests/kubewatch/zone_text.h"

using namespace canopy;
using namespace canopy::kube;
namespace fs = std::filesystem;

namespace {

// A Service "web" in namespace a, in YAML.
std::string web(const std::string& ip, const std::string& name = "web") {
  return "apiVersion: v1\nkind: Service\nmetadata:\n  name: " + name +
         "\n  namespace: a\nspec:\n  clusterIP: " + ip +
         "\n  ports:\n  - name: http\n    port: 80\n";
}

ClusterWatchOptions manifest_watch() {
  ClusterWatchOptions options = test_options();
  options.implied_namespaces = true;
  return options;
}

struct Served {
  explicit Served(std::vector<fs::path> paths,
                  std::optional<ServiceCidr> cidr = {})
      : zones(cluster_zones(test_options().records), 1),
        watch(manifest_watch(), zones),
        source({.paths = std::move(paths),
                .debounce = std::chrono::milliseconds(5),
                .service_cidr = cidr},
               watch) {
    source.start();
  }

  // The first address of a Service in namespace a; "" when there is none.
  std::string address(const std::string& service = "web") {
    const std::string text =
        records_of(zones, service + ".a.svc.cluster.local.");
    return text.starts_with("A ") ? text.substr(2, text.find(',') - 2) : "";
  }
  bool becomes(const std::string& ip, const std::string& service = "web") {
    return eventually([&] { return address(service) == ip; });
  }

  ZoneStore zones;
  ClusterWatch watch;
  ManifestSource source;
};

std::string start_error(const fs::path& path) {
  try {
    Served served({path});
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

// What `kubectl get -o json >all.yaml` makes.
TEST_CASE("a large JSON text is read from a file of YAML, too") {
  TestFolder folder;
  std::string list = R"({"apiVersion":"v1","kind":"List","items":[)";
  for (int i = 0; i < 4000; ++i) {
    list += service_json("a", "s" + std::to_string(i),
                         R"("clusterIP":"10.0.0.4")") +
            ",";
  }
  list += service_json("a", "web", R"("clusterIP":"10.0.0.5")") + "]}";
  REQUIRE(list.size() > (256 << 10));
  folder.write("all.yaml", list);
  Served served({folder.path()});
  CHECK(served.address() == "10.0.0.5");
  CHECK(served.address("s7") == "10.0.0.4");
}

TEST_CASE("manifests in YAML and JSON, single, in documents, and in lists") {
  TestFolder folder;
  folder.write("one.yaml", web("10.0.0.1", "s1"));
  folder.write("two.yml", "---\n" + web("10.0.0.2", "s2") + "---\n" +
                              web("10.0.0.3", "s3"));
  folder.write("list.yaml",
               "kind: List\napiVersion: v1\nitems:\n"
               "- kind: Service\n  metadata: {name: s4, "
               "namespace: a}\n  spec: {clusterIP: 10.0.0.4}\n");
  folder.write("a.json",
               service_json("a", "s5", R"("clusterIP":"10.0.0.5")") + "\n" +
                   service_json("a", "s6", R"("clusterIP":"10.0.0.6")"));
  // Sorted keys, as Python writes them: what the items are comes last.
  folder.write("typed.json",
               R"({"apiVersion":"v1","items":[{"metadata":{"name":"s7",)"
               R"("namespace":"a"},"spec":{"clusterIP":"10.0.0.7"}}],)"
               R"("kind":"ServiceList"})");
  folder.write("inner/deep/x.yaml", web("10.0.0.8", "s8"));
  folder.write("notes.txt", "not: [a manifest");
  folder.write(".hidden.yaml", "not: [a manifest");
  folder.write("web.yaml~", "not: [a manifest");
  Served served({folder.path()});
  for (int i = 1; i <= 8; ++i) {
    CAPTURE(i);
    CHECK(served.address("s" + std::to_string(i)) ==
          "10.0.0." + std::to_string(i));
  }
}

TEST_CASE("a missing path or a broken file at start is one line") {
  TestFolder folder;
  const std::string path = folder.path().string();
  CHECK(start_error(folder / "none") ==
        "--manifests=" + path +
            "/none: no such file or folder; give a file or folder of "
            "Kubernetes manifests (.yaml, .yml, .json)");
  folder.write("b.yaml", "a: 1\nb: [1, 2\nc: 3\n");
  CHECK(start_error(folder / "b.yaml").starts_with(path + "/b.yaml:3:"));
  folder.write("b.json", "{\"kind\": \"Service\",\n  \"metadata\": nope}\n");
  CHECK(start_error(folder / "b.json") ==
        path + "/b.json:2:16: Invalid value.; correct the manifest");
  folder.write("c.json", "{\"kind\":");
  CHECK(start_error(folder / "c.json").starts_with(path + "/c.json:1:"));
  folder.write("d.json", "[]");
  CHECK(start_error(folder / "d.json") ==
        path + "/d.json:1:1: expected a JSON object; correct the manifest");
}

TEST_CASE("at start, an object that cannot be served is one line") {
  TestFolder folder;
  const std::string path = folder.path().string();
  const std::string name(64, 'x');
  folder.write("a.yaml", "# words\n---\n" + web("10.0.0.1") + "---\n" +
                             web("10.0.0.2", name));
  CHECK(start_error(folder / "a.yaml") ==
        path + "/a.yaml:14: Service a/" + name + ": metadata.name \"" + name +
            "\" is not a DNS label: 1 to 63 letters, digits and '-', with no "
            "'-' at either end; correct the manifest");
  folder.write("e.yaml", "# nothing\n---\n---\n# here\n");
  CHECK(start_error(folder / "e.yaml") == "no error");
}

TEST_CASE("what has no kind is left out, at start too") {
  TestFolder folder;
  folder.write("a.yaml", "replicas: 2\n---\n" + web("10.0.0.1"));
  folder.write("b.json", R"({"metadata":{"name":"web"}})");
  folder.write("c.json", R"({"kind":"List","items":[{"metadata":{}}]})");
  Served served({folder.path()});
  CHECK(served.address() == "10.0.0.1");
}

TEST_CASE("Services without clusterIP get stable addresses of a CIDR") {
  TestFolder folder;
  const std::string bare =
      "apiVersion: v1\nkind: Service\nmetadata: {name: bare, namespace: a}\n";
  folder.write("a.yaml", bare + "---\n" + web("10.0.0.1"));
  const ServiceCidr cidr{*ip_from_text("10.96.0.0"), 12};
  Served served({folder.path()}, cidr);
  const std::string address = served.address("bare");
  CHECK(address.starts_with("10."));
  CHECK(Served({folder.path()}, cidr).address("bare") == address);
  // One that is written wins; the other moves, and comes back.
  folder.write("b.yaml", web(address, "late"));
  CHECK(served.becomes(address, "late"));
  const std::string moved = served.address("bare");
  CHECK(moved.starts_with("10."));
  CHECK(moved != address);
  std::filesystem::remove(folder / "b.yaml");
  CHECK(served.becomes(address, "bare"));
  // Its own address, once written, counts.
  folder.write("a.yaml", web("10.0.0.9", "bare"));
  CHECK(served.becomes("10.0.0.9", "bare"));
}

TEST_CASE("later, an object that cannot be served leaves the rest") {
  TestFolder folder;
  folder.write("web.yaml", web("10.0.0.1") + "---\n" + web("10.0.0.5", "db"));
  Served served({folder.path()});
  folder.write("web.yaml", web("10.0.0.2") + "---\nreplicas: 1\n---\n" +
                               web("10.0.0.6", std::string(64, 'x')) + "---\n" +
                               web("10.0.0.7", "db"));
  CHECK(served.becomes("10.0.0.2"));
  CHECK(served.becomes("10.0.0.7", "db"));
  CHECK(served.watch.status().of(ObjectKind::kService).malformed == 1);
}

TEST_CASE("a rewritten file is served") {
  TestFolder folder;
  const fs::path file = folder.write("web.yaml", web("10.0.0.1"));
  Served served({file});
  CHECK(served.address() == "10.0.0.1");
  folder.write("web.yaml", web("10.0.0.2"));
  CHECK(served.becomes("10.0.0.2"));
  folder.write("new.tmp", web("10.0.0.3"));
  fs::rename(folder / "new.tmp", file);
  CHECK(served.becomes("10.0.0.3"));
}

TEST_CASE("files of a folder come and go") {
  TestFolder folder;
  folder.write("web.yaml", web("10.0.0.1"));
  Served served({folder.path()});
  folder.write("db.json", service_json("a", "db", R"("clusterIP":"10.0.0.2")"));
  CHECK(served.becomes("10.0.0.2", "db"));
  folder.write("later/x.yaml", web("10.0.0.3", "x"));
  CHECK(served.becomes("10.0.0.3", "x"));
  folder.write("later/z.yaml", web("10.0.0.4", "z"));
  CHECK(served.becomes("10.0.0.4", "z"));
  fs::remove(folder / "db.json");
  CHECK(served.becomes("", "db"));
  fs::remove_all(folder / "later");
  CHECK(served.becomes("", "x"));
  CHECK(served.address() == "10.0.0.1");
}

TEST_CASE("a ConfigMap volume is swapped by its ..data link") {
  TestFolder folder;
  folder.write("..1/web.yaml", web("10.0.0.1"));
  fs::create_directory_symlink("..1", folder / "..data");
  fs::create_symlink("..data/web.yaml", folder / "web.yaml");
  Served whole({folder.path()});
  Served single({folder / "web.yaml"});
  CHECK(whole.address() == "10.0.0.1");
  CHECK(single.address() == "10.0.0.1");
  for (int i = 2; i < 5; ++i) {
    CAPTURE(i);
    const std::string version = ".." + std::to_string(i);
    const std::string ip = "10.0.0." + std::to_string(i);
    folder.write(version + "/web.yaml", web(ip));
    fs::create_directory_symlink(version, folder / "..data_tmp");
    fs::rename(folder / "..data_tmp", folder / "..data");
    fs::remove_all(folder / (".." + std::to_string(i - 1)));
    CHECK(whole.becomes(ip));
    CHECK(single.becomes(ip));
  }
}

TEST_CASE("a broken file keeps the objects it last gave") {
  TestFolder folder;
  for (const std::string name : {"web.yaml", "web.json"}) {
    CAPTURE(name);
    const bool json = name == "web.json";
    const auto good = [&](const std::string& ip) {
      return json ? service_json("a", "web", R"("clusterIP":")" + ip + "\"")
                  : web(ip);
    };
    const fs::path file = folder.write(name, good("10.0.0.1"));
    Served served({file});
    folder.write(name, good("10.0.0.2") + "\n{\"kind\": [");
    CHECK(eventually([&] { return served.watch.status().broken_files == 1; }));
    CHECK(served.address() == "10.0.0.1");
    folder.write(name, good("10.0.0.3"));
    CHECK(served.becomes("10.0.0.3"));
    CHECK(eventually([&] { return served.watch.status().broken_files == 0; }));
  }
}

TEST_CASE("an object that cannot be read is refused at start") {
  TestFolder folder;
  const fs::path file =
      folder.write("web.yaml", web("10.0.0.1") + "---\n" + web("x", "bad"));
  CHECK(start_error(file) ==
        file.string() +
            ":12: Service a/bad: spec.clusterIP \"x\" is not an IP address; "
            "correct the manifest");
}

TEST_CASE("an object that cannot be read later keeps its last good form") {
  TestFolder folder;
  const fs::path file = folder.write(
      "web.yaml", web("10.0.0.1") + "---\n" + web("10.0.0.2", "db"));
  Served served({file});
  folder.write("web.yaml", web("10.0.0.3") + "---\n" + web("x", "db"));
  CHECK(served.becomes("10.0.0.3"));
  CHECK(served.address("db") == "10.0.0.2");
  CHECK(served.watch.status().of(ObjectKind::kService).malformed == 1);
}

TEST_CASE("of one object in two files the last file's counts") {
  TestFolder folder;
  folder.write("1.yaml", web("10.0.0.1"));
  folder.write("2.yaml", web("10.0.0.2"));
  Served served({folder.path()});
  CHECK(served.address() == "10.0.0.2");
  folder.write("1.yaml", web("10.0.0.3") + "---\n" + web("10.0.0.9", "mark"));
  CHECK(served.becomes("10.0.0.9", "mark"));
  CHECK(served.address() == "10.0.0.2");
  folder.write("2.yaml", web("10.0.0.8", "other"));
  CHECK(served.becomes("10.0.0.3"));
  folder.write("2.yaml", web("10.0.0.4"));
  CHECK(served.becomes("10.0.0.4"));
  fs::remove(folder / "2.yaml");
  CHECK(served.becomes("10.0.0.3"));
}

TEST_CASE("a named file that is gone keeps its objects until it is back") {
  TestFolder folder;
  const fs::path file = folder.write("web.yaml", web("10.0.0.1"));
  const fs::path other = folder.write("other.yaml", web("10.0.0.5", "other"));
  Served served({file, other});
  fs::remove(file);
  folder.write("other.yaml", web("10.0.0.6", "other"));
  CHECK(served.becomes("10.0.0.6", "other"));
  CHECK(served.address() == "10.0.0.1");
  folder.write("web.yaml", web("10.0.0.2"));
  CHECK(served.becomes("10.0.0.2"));
}

TEST_CASE("what takes a file's place is no reason to forget its objects") {
  TestFolder folder;
  folder.write("all/web.yaml", web("10.0.0.1"));
  const fs::path named = folder.write("named.yaml", web("10.0.0.2", "named"));
  Served served({folder / "all", named});
  const CapturedLog log;
  const auto put_fifo = [](const fs::path& at) {
    fs::remove(at);
    REQUIRE(::mkfifo(at.c_str(), 0600) == 0);
  };
  put_fifo(folder / "all/web.yaml");
  put_fifo(named);
  CHECK(eventually([&] { return log.count("is a FIFO or pipe") == 2; }));
  CHECK(served.address("web") == "10.0.0.1");
  CHECK(served.address("named") == "10.0.0.2");

  fs::remove(folder / "all/web.yaml");
  folder.write("all/web.yaml", web("10.0.0.3"));
  CHECK(eventually([&] { return served.address("web") == "10.0.0.3"; }));

  // A folder where the folder of manifests was is one without manifests; a
  // file there is no manifest.
  fs::rename(folder / "all", folder / "before");
  CHECK(eventually([&] { return log.count("all no longer exists") == 1; }));
  CHECK(served.address("web") == "10.0.0.3");
}

TEST_CASE("at start, what is no file is one line") {
  TestFolder folder;
  const std::string fifo = folder / "pipe.yaml";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(start_error(folder.path()) ==
        fifo + ": is a FIFO or pipe, not a file; correct the manifest");
  CHECK(start_error("/dev/null") ==
        "/dev/null: is a device, not a file; correct the manifest");
}

TEST_CASE("a FIFO that is named is read once") {
  TestFolder folder;
  for (const std::string name : {"pipe", "pipe.json"}) {
    CAPTURE(name);
    const fs::path fifo = folder / name;
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    std::thread writer([&] {
      std::ofstream(fifo) << (name == "pipe"
                                  ? web("10.0.0.1")
                                  : service_json("a", "web",
                                                 R"("clusterIP":"10.0.0.1")"));
    });
    const fs::path other = folder.write("other.yaml", web("10.0.0.5", "other"));
    Served served({fifo, other});
    writer.join();
    CHECK(served.address() == "10.0.0.1");
    served.source.reload();
    folder.write("other.yaml", web("10.0.0.6", "other"));
    CHECK(served.becomes("10.0.0.6", "other"));
    CHECK(served.address() == "10.0.0.1");
    CHECK(served.watch.status().broken_files == 0);
  }
}

TEST_CASE("a file keeps its objects while it is being written") {
  TestFolder folder;
  const fs::path file = folder.write(
      "web.yaml", web("10.0.0.1") + "---\n" + web("10.0.0.2", "db"));
  const fs::path other = folder.write("other.yaml", web("10.0.0.5", "other"));
  Served served({folder.path()});
  int turn = 0;
  // All that happened before is seen by then.
  const auto until_seen = [&] {
    const std::string address = "10.0.1." + std::to_string(++turn);
    folder.write("other.yaml", web(address, "other"));
    CHECK(served.becomes(address, "other"));
  };
  {
    std::ofstream writer(file);  // cuts it
    until_seen();
    CHECK(served.address() == "10.0.0.1");
    writer << web("10.0.0.3") << std::flush;  // a whole object
    until_seen();
    CHECK(served.address() == "10.0.0.1");
    CHECK(served.address("db") == "10.0.0.2");
    served.source.reload();
    until_seen();
    CHECK(served.address("db") == "10.0.0.2");
    CHECK(served.watch.status().broken_files == 1);
    writer << "---\n" << web("10.0.0.4", "db");
  }
  CHECK(served.becomes("10.0.0.4", "db"));
  CHECK(served.address() == "10.0.0.3");
  CHECK(eventually([&] { return served.watch.status().broken_files == 0; }));
}

TEST_CASE("a file that was emptied keeps its objects until it is removed") {
  TestFolder folder;
  for (const std::string name : {"web.yaml", "web.json"}) {
    CAPTURE(name);
    folder.write(name,
                 name == "web.yaml"
                     ? web("10.0.0.1")
                     : service_json("a", "web", R"("clusterIP":"10.0.0.1")"));
    Served served({folder.path()});
    const CapturedLog log;
    folder.write(name, "");
    CHECK(eventually([&] { return log.count(name + " is empty") == 1; }));
    CHECK(served.address() == "10.0.0.1");
    fs::remove(folder / name);
    CHECK(served.becomes(""));
  }
}

TEST_CASE("JSON as Windows writes it, and patches in JSON") {
  TestFolder folder;
  const std::string text = service_json("a", "s1", R"("clusterIP":"10.0.0.1")");
  folder.write("a.json", "\xef\xbb\xbf" + text);
  std::string wide = "\xff\xfe";
  for (const char c : service_json("a", "s2", R"("clusterIP":"10.0.0.2")")) {
    wide += c;
    wide += '\0';
  }
  folder.write("b.json", wide);
  folder.write("patch.json", R"( [ {"op": "add", "path": "/x", "value": 1} ])");
  Served served({folder.path()});
  CHECK(served.address("s1") == "10.0.0.1");
  CHECK(served.address("s2") == "10.0.0.2");
}

TEST_CASE("what is wrong with Endpoints is called Endpoints") {
  TestFolder folder;
  const fs::path file =
      folder.write("a.yaml", "apiVersion: v1\nkind: Endpoints\nmetadata: {}\n");
  CHECK(start_error(file).find(":1: Endpoints default/: metadata.name is") !=
        std::string::npos);
  folder.write("b.yaml", web("10.0.0.1"));
  Served served({folder / "b.yaml"});
  const CapturedLog log;
  folder.write("b.yaml",
               web("10.0.0.2") +
                   "---\napiVersion: v1\nkind: Endpoints\n"
                   "metadata: {name: b}\nsubsets: [{addresses: [{ip: x}]}]\n");
  CHECK(served.becomes("10.0.0.2"));
  CHECK(log.count("Endpoints default/b is served without") == 1);
}

TEST_CASE("reload reads again what did not seem to change") {
  TestFolder folder;
  const fs::path file = folder.write("web.yaml", web("10.0.0.1"));
  Served served({file});
  const auto before = served.watch.status().reloads;
  served.source.reload();
  CHECK(eventually([&] { return served.watch.status().reloads > before; }));
  served.source.stop();
  CHECK(served.address() == "10.0.0.1");
}

TEST_CASE("a file that grows too large keeps its last good objects") {
  TestFolder folder;
  folder.write("a.yaml", web("10.0.0.1"));
  Served served({folder.path()});
  CapturedLog log;
  std::string text = web("10.0.0.2");
  for (int i = 0; i < 250'000; ++i) text += "---\n";
  folder.write("fresh", text);
  fs::rename(folder / "fresh", folder / "a.yaml");
  CHECK(eventually([&] {
    return log.count(
               "a.yaml:250012:1: more than 250,000 documents in one file; "
               "split it into several files; keeping the file's last good "
               "objects") == 1;
  }));
  CHECK(served.address() == "10.0.0.1");
}

TEST_CASE("a folder with too many files is an error at start, trouble later") {
  TestFolder folder;
  folder.write("a/a.yaml", web("10.0.0.1"));
  const std::string refused =
      (folder / "a").string() +
      ": more than 10,000 manifests or 100,000 names below it; put several "
      "objects into one file";
  Served served({folder / "a"});
  CapturedLog log;
  for (int i = 0; i < 10'000; ++i) {
    folder.write("b/" + std::to_string(i) + ".yaml", "");
  }
  fs::rename(folder / "b", folder / "a" / "b");
  CHECK(eventually([&] { return log.count(refused) == 1; }));
  CHECK(start_error(folder / "a") == refused + "; correct the manifest");
  folder.write("a/a.yaml", web("10.0.0.2"));
  CHECK(served.becomes("10.0.0.2"));
}

TEST_CASE("symlinks in circles end") {
  TestFolder folder;
  folder.write("a.yaml", web("10.0.0.1"));
  for (int i = 0; i < 20; ++i) {
    fs::create_directory_symlink(folder.path(), folder / std::to_string(i));
  }
  CHECK(start_error(folder.path()).find("100,000 names below it") !=
        std::string::npos);
}
