// The map of the rooms (CMakeLists.txt, README.md) as a test: it reads every
// #include and every name at the top, in the source folder it is run in.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kRooms{"cache", "healthz", "kubewatch", "server",
                                      "zones"};

struct Include {
  std::string file;    // "server/main.cc"
  std::string header;  // "zones/name.h", or that of <ares.h>
  bool quoted;
};

// Which doors open: files whose path starts with `from` may include headers
// that start with `to`.  Each room may include itself.
struct Door {
  std::string_view from;
  std::string_view to;
};
constexpr std::array kDoors = {
    Door{"server/", "zones/"},
    Door{"server/", "cache/"},
    Door{"server/", "healthz/"},
    Door{"server/main.cc", "kubewatch/"},
    // The rest of the executable: what main.cc wires, kept readable.
    Door{"server/sources/cluster_source", "kubewatch/"},
    Door{"server/report/watch_metrics", "kubewatch/"},
    Door{"kubewatch/", "zones/"},
    Door{"kubewatch/", "healthz/log.h"},
    Door{"kubewatch/", "healthz/configuration_error.h"},
    Door{"kubewatch/", "healthz/environment.h"},
    Door{"kubewatch/", "healthz/guarded.h"},
    Door{"kubewatch/", "healthz/json.h"},
    Door{"kubewatch/", "healthz/read_file.h"},
    Door{"cache/", "zones/"},
    Door{"healthz/", "zones/"},
};

// The rooms of server/ and of kubewatch/, and which of the others each may
// include: only rooms that stand below it.  No room on a query's path (answer,
// forward, listen, plan, observe, limits, net) may include config/ or sources/,
// so that a parser cannot leak into the path.
struct InnerRoom {
  std::string_view house;
  std::string_view room;
  std::vector<std::string_view> includes;
};
const std::vector<InnerRoom> kInnerRooms{
    {"server",
     "main.cc",
     {"answer", "config", "limits", "machine", "net", "report", "sources",
      "workers"}},
    {"server", "report", {"config", "net", "observe", "workers"}},
    {"server",
     "workers",
     {"forward", "limits", "listen", "machine", "observe", "plan"}},
    {"server",
     "sources",
     {"config", "forward", "machine", "net", "observe", "plan"}},
    {"server",
     "answer",
     {"forward", "limits", "listen", "net", "observe", "plan"}},
    {"server", "config", {"machine", "net", "plan"}},
    {"server", "forward", {"limits", "net", "observe", "plan"}},
    {"server", "listen", {"limits", "net", "observe"}},
    {"server", "plan", {"net"}},
    {"server", "observe", {"net"}},
    {"server", "limits", {"net"}},
    {"server", "machine", {"net"}},
    {"server", "net", {}},
    {"kubewatch", "api", {"access", "cluster", "decode", "objects"}},
    {"kubewatch", "manifests", {"cluster", "decode", "objects"}},
    {"kubewatch", "snapshot", {"cluster", "objects"}},
    {"kubewatch", "access", {"objects"}},
    {"kubewatch", "cluster", {"objects"}},
    {"kubewatch", "decode", {"objects"}},
    {"kubewatch", "objects", {}},
};

// The rooms a library may be included in; one not listed here has none.
struct Library {
  std::string_view headers;
  std::string_view room;
};
constexpr std::array kLibraries = {
    Library{"ares.h", "healthz/ares_channel.cc"},
    Library{"boost/asio", "server/"},
    Library{"boost/asio", "healthz/"},
    Library{"boost/beast", "healthz/"},
    Library{"boost/container", "server/forward/fetch.h"},
    Library{"boost/container", "server/forward/fetch_tickets.h"},
    Library{"boost/intrusive", "cache/answer_cache.cc"},
    Library{"boost/intrusive", "server/forward/timing_wheel.h"},
    Library{"boost/intrusive", "server/forward/fetch.h"},
    Library{"boost/smart_ptr", "server/forward/fetch.h"},
    Library{"boost/pool", "zones/node_pool.h"},
    Library{"boost/system", "server/"},  // Asio's error codes
    Library{"CLI/", "server/"},
    Library{"httplib.h", "kubewatch/"},
    Library{"ldns/", "zones/ldns_wrapper.h"},
    Library{"openssl/", "kubewatch/"},
    Library{"openssl/", "server/forward/tls_context.cc"},
    Library{"prometheus/", "healthz/"},
    Library{"rapidjson/", "healthz/json.h"},
    Library{"re2/", "server/plan/name_pattern.cc"},
    Library{"spdlog/", "healthz/"},
    Library{"yaml-cpp/", "kubewatch/"},
};

std::string room_of(std::string_view path) {
  return std::string(path.substr(0, path.find('/')));
}

// "answer" of "server/answer/said.h"; a file at the top of server/ by its name.
std::string inner_room_of(std::string_view path) {
  return room_of(path.substr(path.find('/') + 1));
}

bool is_open_inside(std::string_view house, const Include& include) {
  const std::string from = inner_room_of(include.file);
  const std::string to = inner_room_of(include.header);
  return from == to ||
         std::ranges::any_of(kInnerRooms, [&](const InnerRoom& inner) {
           return inner.house == house && inner.room == from &&
                  std::ranges::find(inner.includes, to) != inner.includes.end();
         });
}

// cache/, healthz/ and zones/ are one room each.
bool has_inner_rooms(std::string_view house) {
  return house == "server" || house == "kubewatch";
}

bool is_open(const Include& include) {
  if (room_of(include.file) == room_of(include.header)) {
    const std::string house = room_of(include.file);
    return !has_inner_rooms(house) || is_open_inside(house, include);
  }
  return std::ranges::any_of(kDoors, [&](const Door& door) {
    return include.file.starts_with(door.from) &&
           include.header.starts_with(door.to);
  });
}

// Headers of the system and of the C++ and C libraries have no folder, or one
// of the kernel's and glibc's.
bool is_of_the_system(std::string_view header) {
  const std::set<std::string, std::less<>> folders{"arpa", "linux", "net",
                                                   "netinet", "sys"};
  if (header.find('/') != std::string_view::npos) {
    return folders.contains(room_of(header));
  }
  return header != "ares.h" && header != "httplib.h";
}

bool is_at_home(const Include& include) {
  if (is_of_the_system(include.header)) return true;
  return std::ranges::any_of(kLibraries, [&](const Library& library) {
    return include.header.starts_with(library.headers) &&
           include.file.starts_with(library.room);
  });
}

bool is_allowed(const Include& include) {
  return include.quoted ? is_open(include) : is_at_home(include);
}

std::vector<Include> includes_of(const std::string& file, std::istream& text) {
  std::vector<Include> found;
  for (std::string line; std::getline(text, line);) {
    const auto hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') continue;
    const auto word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || line.compare(word, 7, "include") != 0) {
      continue;
    }
    const auto open = line.find_first_of("\"<", word);
    const auto close = line.find_first_of("\">", open + 1);
    if (open == std::string::npos || close == std::string::npos) continue;
    found.push_back({.file = file,
                     .header = line.substr(open + 1, close - open - 1),
                     .quoted = line[open] == '"'});
  }
  return found;
}

std::vector<std::string> sources() {
  std::vector<std::string> files;
  for (const std::string& room : kRooms) {
    for (const auto& entry : fs::recursive_directory_iterator(room)) {
      const std::string end = entry.path().extension();
      if (end == ".h" || end == ".cc") files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

std::vector<Include> all_includes() {
  std::vector<Include> all;
  for (const std::string& file : sources()) {
    std::ifstream text(file);
    const auto found = includes_of(file, text);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

TEST_CASE("includes are found however they are written") {
  std::istringstream text(
      "#include <ares.h>\n  #  include \"zones/name.h\"  // why\n"
      "// #include <no.h>\nint include;\n");
  const auto found = includes_of("server/a.cc", text);
  REQUIRE(found.size() == 2);
  CHECK(found[0].header == "ares.h");
  CHECK_FALSE(found[0].quoted);
  CHECK(found[1].header == "zones/name.h");
  CHECK(found[1].quoted);
}

TEST_CASE("the rules let through what they should, and stop the rest") {
  struct Case {
    Include include;
    bool allowed;
  };
  const std::vector<Case> cases{
      {{"server/workers/worker.cc", "zones/name.h", true}, true},
      {{"server/workers/worker.cc", "server/listen/reply.h", true}, true},
      {{"server/main.cc", "kubewatch/api/reflector.h", true}, true},
      {{"server/workers/worker.cc", "kubewatch/api/reflector.h", true}, false},
      {{"server/answer/said.h", "server/answer/reply_writer.h", true}, true},
      {{"server/answer/said.h", "server/config/settings.h", true}, false},
      {{"server/forward/fetch.h", "server/answer/said.h", true}, false},
      {{"server/net/client.h", "server/limits/paid_places.h", true}, false},
      {{"server/unknown/a.h", "server/net/client.h", true}, false},
      {{"kubewatch/api/reflector.h", "kubewatch/decode/watch_decoder.h", true},
       true},
      {{"kubewatch/decode/watch_decoder.h", "kubewatch/api/reflector.h", true},
       false},
      {{"kubewatch/api/reflector.cc", "healthz/log.h", true}, true},
      {{"kubewatch/api/reflector.cc", "healthz/guarded.h", true}, true},
      {{"kubewatch/decode/object_fields.h", "healthz/json.h", true}, true},
      {{"kubewatch/api/reflector.cc", "healthz/health.h", true}, false},
      {{"kubewatch/api/reflector.cc", "cache/answer_cache.h", true}, false},
      {{"cache/answer_cache.cc", "kubewatch/objects/objects.h", true}, false},
      {{"cache/answer_cache.cc", "healthz/log.h", true}, false},
      {{"healthz/health.cc", "server/config/settings.h", true}, false},
      {{"zones/zone.cc", "healthz/log.h", true}, false},
      {{"zones/zone.cc", "name.h", true}, false},
      {{"zones/zone.cc", "tests/support/text.h", true}, false},
      {{"zones/zone.cc", "vector", false}, true},
      {{"zones/zone.cc", "arpa/inet.h", false}, true},
      {{"healthz/ares_channel.cc", "ares.h", false}, true},
      {{"server/forward/udp_channel.cc", "ares.h", false}, false},
      {{"zones/zone.cc", "ares.h", false}, false},
      {{"zones/ldns_wrapper.h", "ldns/ldns.h", false}, true},
      {{"healthz/probe.cc", "ldns/ldns.h", false}, false},
      {{"healthz/json.h", "rapidjson/writer.h", false}, true},
      {{"kubewatch/decode/a.cc", "rapidjson/reader.h", false}, false},
      {{"server/http.cc", "boost/beast/http.hpp", false}, false},
      {{"cache/answer_cache.cc", "boost/container/flat_map.hpp", false}, false},
      {{"server/metrics.cc", "prometheus/counter.h", false}, false},
      {{"server/api.cc", "httplib.h", false}, false},
      {{"zones/zone.cc", "doctest/doctest.h", false}, false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.include.file);
    CAPTURE(one.include.header);
    CHECK(is_allowed(one.include) == one.allowed);
  }
}

TEST_CASE("no two inner rooms include each other, however far around") {
  // In the table's order, each room includes only rooms that come later.
  for (auto room = kInnerRooms.begin(); room != kInnerRooms.end(); ++room) {
    for (const std::string_view to : room->includes) {
      CAPTURE(room->room);
      CAPTURE(to);
      CHECK(
          std::any_of(room + 1, kInnerRooms.end(), [&](const InnerRoom& later) {
            return later.house == room->house && later.room == to;
          }));
    }
  }
}

std::string module_of(const std::string& file) {
  return file.substr(0, file.rfind('.'));
}

// How many includes lead from a header to the lowest one below it.
std::size_t level_of(const std::string& header,
                     const std::map<std::string, std::set<std::string>>& below,
                     std::map<std::string, std::size_t>& known) {
  const auto found = known.find(header);
  if (found != known.end()) return found->second;
  known[header] = 0;  // a cycle ends here
  std::size_t level = 0;
  const auto includes = below.find(header);
  if (includes != below.end()) {
    for (const std::string& next : includes->second) {
      level = std::max(level, 1 + level_of(next, below, known));
    }
  }
  return known[header] = level;
}

TEST_CASE("the figures of the server's rooms") {
  std::map<std::string, std::set<std::string>> below;
  std::set<std::string> modules;
  for (const std::string& file : sources()) {
    if (room_of(file) == "server") modules.insert(module_of(file));
  }
  std::size_t edges = 0;
  for (const Include& include : all_includes()) {
    const std::string from = module_of(include.file);
    const std::string to = module_of(include.header);
    if (!modules.contains(from) || !modules.contains(to) || from == to)
      continue;
    edges += below[from].insert(to).second ? 1 : 0;
  }
  std::size_t levels = 0;
  std::map<std::string, std::size_t> known;
  for (const std::string& module : modules) {
    levels = std::max(levels, 1 + level_of(module, below, known));
  }
  MESSAGE("server/: ", modules.size(), " modules, ", edges,
          " includes between them, ", levels, " levels");
  CHECK(edges > modules.size());
}

TEST_CASE("every include goes through an open door") {
  const std::vector<Include> all = all_includes();
  REQUIRE(all.size() > 300);  // else this is not the source folder
  for (const Include& include : all) {
    CAPTURE(include.file);
    CAPTURE(include.header);
    CHECK(is_allowed(include));
  }
}

// Other ways wait for a FIFO, throw at a folder, or read a device for ever.
TEST_CASE("files are read by healthz/read_file.h") {
  for (const Include& include : all_includes()) {
    CAPTURE(include.file);
    CHECK(include.header != "fstream");
  }
  for (const std::string& source : sources()) {
    if (source == "healthz/read_file.cc") continue;
    CAPTURE(source);
    std::ifstream file(source);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (const char* other : {"fopen(", "LoadFile(", "O_RDONLY);"}) {
      CAPTURE(other);
      // The credential plugin's standard input, between fork and exec.
      const bool is_plugin = source == "kubewatch/access/exec_plugin.cc";
      CHECK((is_plugin || text.find(other) == std::string::npos));
    }
  }
}

TEST_CASE("numbers in network order are read and written by zones/octets.h") {
  for (const std::string& source : sources()) {
    if (source == "zones/octets.h") continue;
    CAPTURE(source);
    std::ifstream file(source);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (const std::string_view by_hand : {"] << 8 |", ">> 8)"}) {
      CAPTURE(by_hand);
      CHECK(text.find(by_hand) == std::string::npos);
    }
  }
}

TEST_CASE("every source is on the map") {
  std::ifstream file("CMakeLists.txt");
  const std::string map{std::istreambuf_iterator<char>(file), {}};
  for (const std::string& source : sources()) {
    if (!source.ends_with(".cc")) continue;
    CAPTURE(source);
    const bool listed = map.find(source + "\n") != std::string::npos ||
                        map.find(source + ")") != std::string::npos;
    CHECK(listed);
  }
}

TEST_CASE("the top holds the rooms and nothing that grew beside them") {
  const std::set<std::string> allowed{
      "CMakeLists.txt", "Dockerfile", "LICENSE", "README.md", "cache", "deploy",
      "healthz",        "kubewatch",  "server",  "tests",     "zones"};
  for (const auto& entry : fs::directory_iterator(".")) {
    const std::string name = entry.path().filename();
    if (name.starts_with(".") || name.starts_with("build")) continue;
    CAPTURE(name);
    CHECK(allowed.contains(name));
  }
}

}  // namespace
