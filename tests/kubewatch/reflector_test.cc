#include "kubewatch/reflector.h"

#include <doctest/doctest.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "kubewatch/api_source.h"
#include "tests/kubewatch/captured_log.h"
#include "tests/kubewatch/cluster_text.h"
#include "tests/kubewatch/folder.h"
#include "tests/kubewatch/scripted_api.h"
#include "tests/kubewatch/silent_port.h"
#include "tests/kubewatch/test_certificates.h"
#include "tests/kubewatch/zone_text.h"

using namespace canopy;
using namespace canopy::kube;

namespace {

std::string with_version(std::string json, const std::string& version) {
  const std::string at = R"("metadata":{)";
  json.insert(json.find(at) + at.size(),
              R"("resourceVersion":")" + version + R"(",)");
  return json;
}

std::string web(const std::string& ip, const std::string& version) {
  return with_version(service_json("a", "web", R"("clusterIP":")" + ip + "\""),
                      version);
}

std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}";
}

std::string list(const std::string& version, const std::string& items,
                 const std::string& next = "") {
  return R"({"kind":"ServiceList","metadata":{"resourceVersion":")" + version +
         R"(","continue":")" + next + R"("},"items":[)" + items + "]}";
}

// What the server was asked, in order: "list", "list next", "watch 7".
class Asked {
 public:
  void add(const std::string& what) {
    const std::lock_guard lock(mutex_);
    all_.push_back(what);
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  std::size_t count(const std::string& what) {
    std::size_t found = 0;
    for (const std::string& one : all()) found += one == what;
    return found;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> all_;
};

// Services of one namespace, over a reflector, against a scripted server.
struct Followed {
  using Answer =
      std::function<void(const httplib::Request&, httplib::Response&)>;

  Followed() : zones(cluster_zones(test_options().records), 1) {
    watch = std::make_unique<ClusterWatch>(test_options(), zones);
    // The other kinds are there, and say nothing more.
    const Listing listing{watch->new_origin(), 0, {}};
    watch->put(listing,
               std::get<DecodedObject>(decode_one(namespace_json("a"))));
    watch->finish(listing, ObjectKind::kNamespace, "1");
    watch->finish(listing, ObjectKind::kEndpointSlice, "1");
    api.server().Get("/api/v1/services", [this](const httplib::Request& request,
                                                httplib::Response& reply) {
      if (request.has_param("watch")) {
        asked.add("watch " + request.get_param_value("resourceVersion"));
        on_watch(request, reply);
      } else if (request.get_param_value("limit") == "1") {
        asked.add("check");
        on_check(request, reply);
      } else {
        const std::string next = request.get_param_value("continue");
        asked.add(next.empty() ? "list" : "list " + next);
        on_list(request, reply);
      }
    });
    on_watch = [this](const auto&, httplib::Response& reply) {
      api.stream(reply);
    };
    on_list = [](const auto&, httplib::Response& reply) {
      reply.set_content(list("7", web("10.0.0.1", "5")), "application/json");
    };
    on_check = on_list;
  }
  ~Followed() {
    if (reflector) reflector->stop();
  }

  void start(ClusterAccess access = {}) {
    api.start();
    if (access.server.host.empty()) {
      access.server = {false, "127.0.0.1", api.port(), ""};
    }
    credentials = std::make_unique<Credentials>(std::move(access));
    options.kind = ObjectKind::kService;
    if (!patient) {
      options.times.first_pause = std::chrono::milliseconds(1);
      options.times.longest_pause = std::chrono::milliseconds(20);
      options.times.relist_spread = std::chrono::milliseconds(1);
    }
    options.random = [] { return 0.5; };
    options.clock = [this] {
      return std::chrono::steady_clock::now() + ahead.load();
    };
    reflector = std::make_unique<Reflector>(options, *credentials, *watch);
    reflector->start();
  }

  std::string address() {
    const std::string text = records_of(zones, "web.a.svc.cluster.local.");
    return text.starts_with("A ") ? text.substr(2, text.find(',') - 2) : "";
  }
  bool becomes(const std::string& ip) {
    return eventually([&] { return address() == ip; });
  }
  // Time goes on, and the clock is looked at until `condition` holds.
  bool becomes_after(std::chrono::seconds time,
                     const std::function<bool()>& condition) {
    ahead = ahead.load() + time;
    return eventually([&] {
      reflector->look_at_clock();
      return condition();
    });
  }
  KindStatus status() { return watch->status().of(ObjectKind::kService); }

  std::atomic<std::chrono::seconds> ahead{std::chrono::seconds(0)};
  ReflectorOptions options;
  bool patient = false;  // pauses as in a cluster
  ZoneStore zones;
  std::unique_ptr<ClusterWatch> watch;
  Asked asked;
  Answer on_list, on_watch, on_check;
  ScriptedApi api;
  std::unique_ptr<Credentials> credentials;
  std::unique_ptr<Reflector> reflector;
};

void fail(httplib::Response& reply, int status) {
  reply.status = status;
  reply.set_content(R"({"kind":"Status","code":)" + std::to_string(status) +
                        R"(,"message":"as scripted"})",
                    "application/json");
}

}  // namespace

TEST_CASE("a list, then a watch from its resource version") {
  Followed it;
  it.start();
  CHECK(it.becomes("10.0.0.1"));
  it.api.say(event("MODIFIED", web("10.0.0.2", "8")));
  CHECK(it.becomes("10.0.0.2"));
  it.api.say(event("DELETED", web("10.0.0.2", "9")));
  CHECK(it.becomes(""));
  CHECK(it.asked.all() == std::vector<std::string>{"list", "watch 7"});
}

TEST_CASE("the pages of a list are one list") {
  Followed it;
  it.on_list = [](const httplib::Request& request, httplib::Response& reply) {
    CHECK(request.get_param_value("limit") == "500");
    const std::string next = request.get_param_value("continue");
    const std::string page =
        next.empty()
            ? list("7", web("10.0.0.1", "5"), "p/2=")
            : list("7", with_version(service_json("a", "db",
                                                  R"("clusterIP":"10.0.0.9")"),
                                     "6"));
    reply.set_content(page, "application/json");
  };
  it.start();
  CHECK(it.becomes("10.0.0.1"));
  CHECK_FALSE(records_of(it.zones, "db.a.svc.cluster.local.").empty());
  CHECK(it.asked.all()[1] == "list p/2=");
}

TEST_CASE("a compressed list") {
  Followed it;
  std::atomic<bool> offered = false;
  it.on_list = [&](const httplib::Request& request, httplib::Response& reply) {
    offered = request.get_header_value("Accept-Encoding") == "gzip";
    reply.set_content(list("7", web("10.0.0.1", "5")), "application/json");
  };
  it.start();
  CHECK(it.becomes("10.0.0.1"));
  CHECK(offered);
}

TEST_CASE("a watch that is cut or ends goes on where it was") {
  Followed it;
  it.start();
  CHECK(it.becomes("10.0.0.1"));
  for (const bool cut : {true, false}) {
    CAPTURE(cut);
    const std::string version = cut ? "20" : "30";
    it.api.say(event("MODIFIED", web(cut ? "10.0.0.2" : "10.0.0.3", version)));
    CHECK(it.becomes(cut ? "10.0.0.2" : "10.0.0.3"));
    it.api.end_watches(cut);
    CHECK(eventually([&] { return it.asked.count("watch " + version) == 1; }));
  }
  CHECK(it.asked.count("list") == 1);
}

TEST_CASE("a bookmark moves the resource version on") {
  Followed it;
  it.start();
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  it.api.say(event(
      "BOOKMARK", R"({"kind":"Service","metadata":{"resourceVersion":"99"}})"));
  CHECK(eventually([&] {
    return it.watch->status().of(ObjectKind::kService).bookmarks == 1;
  }));
  it.api.end_watches(true);
  CHECK(eventually([&] { return it.asked.count("watch 99") == 1; }));
}

TEST_CASE("410 in the stream, and as a reply, means a new list") {
  for (const bool as_reply : {true, false}) {
    CAPTURE(as_reply);
    Followed it;
    std::atomic<int> lists = 0;
    std::atomic<bool> gone = false;
    it.on_list = [&](const auto&, httplib::Response& reply) {
      reply.set_content(++lists == 1 ? list("7", web("10.0.0.1", "5"))
                                     : list("50", web("10.0.0.5", "40")),
                        "application/json");
    };
    it.on_watch = [&](const httplib::Request& request,
                      httplib::Response& reply) {
      if (gone && request.get_param_value("resourceVersion") == "7") {
        return fail(reply, 410);
      }
      it.api.stream(reply);
    };
    it.start();
    CHECK(it.becomes("10.0.0.1"));
    CHECK(eventually([&] { return it.api.watches() == 1; }));
    if (as_reply) {
      gone = true;
      it.api.end_watches(true);
    } else {
      it.api.say(event("ERROR", R"({"kind":"Status","code":410})"));
    }
    CHECK(it.becomes("10.0.0.5"));
    it.api.end_watches(true);
    CHECK(eventually([&] { return it.asked.count("watch 50") > 0; }));
  }
}

TEST_CASE("410 between two pages starts with the first page again") {
  Followed it;
  std::atomic<bool> gone = true;
  it.on_list = [&](const httplib::Request& request, httplib::Response& reply) {
    const bool first = request.get_param_value("continue").empty();
    if (!first && gone.exchange(false)) return fail(reply, 410);
    reply.set_content(
        first ? list("7",
                     with_version(
                         service_json("a", "db", R"("clusterIP":"10.0.0.9")"),
                         "6"),
                     "next")
              : list("7", web("10.0.0.1", "5")),
        "application/json");
  };
  it.start();
  CHECK(it.becomes("10.0.0.1"));
  const std::vector<std::string> expected{"list", "list next", "list",
                                          "list next", "watch 7"};
  CHECK(eventually([&] { return it.asked.all() == expected; }));
}

TEST_CASE("a list that fails is asked for again") {
  const std::vector<Followed::Answer> failures = {
      [](const auto&, httplib::Response& reply) { fail(reply, 500); },
      [](const auto&, httplib::Response& reply) { fail(reply, 403); },
      [](const auto&, httplib::Response& reply) {
        reply.set_content("<html>", "text/html");
      },
      [](const auto&, httplib::Response& reply) {
        reply.set_content(R"({"items":[{"metadata":{"name":"x"}})",
                          "application/json");
      },
      [](const auto&, httplib::Response& reply) {
        reply.set_content("", "application/json");
      },
      [](const auto&, httplib::Response& reply) {
        reply.set_chunked_content_provider(
            "application/json", [](std::size_t, httplib::DataSink& sink) {
              const std::string half = R"({"items":[{"metadata":)";
              sink.write(half.data(), half.size());
              return false;
            });
      },
  };
  Followed it;
  std::atomic<std::size_t> tries = 0;
  it.on_list = [&](const httplib::Request& request, httplib::Response& reply) {
    const std::size_t number = tries++;
    if (number < failures.size()) return failures[number](request, reply);
    reply.set_content(list("7", web("10.0.0.1", "5")), "application/json");
  };
  it.start();
  CHECK(it.becomes("10.0.0.1"));
  CHECK(tries == failures.size() + 1);
  CHECK(it.watch->status().of(ObjectKind::kService).failures ==
        failures.size());
}

TEST_CASE(
    "garbage in a watch: it is asked for again from the last good event") {
  Followed it;
  it.start();
  CHECK(it.becomes("10.0.0.1"));
  it.api.say(event("MODIFIED", web("10.0.0.2", "8")));
  CHECK(it.becomes("10.0.0.2"));
  it.api.say("<html>");
  CHECK(eventually([&] { return it.asked.count("watch 8") >= 1; }));
  it.api.end_watches(false);
  it.api.say(event("MODIFIED", web("10.0.0.3", "9")));
  CHECK(it.becomes("10.0.0.3"));
  CHECK(it.asked.count("list") == 1);
}

TEST_CASE("a relist takes away what is no longer there") {
  Followed it;
  std::atomic<int> lists = 0;
  it.on_list = [&](const auto&, httplib::Response& reply) {
    reply.set_content(
        ++lists == 1 ? list("7", web("10.0.0.1", "5")) : list("50", ""),
        "application/json");
  };
  it.start();
  CHECK(it.becomes("10.0.0.1"));
  it.reflector->reload();
  CHECK(it.becomes(""));
}

namespace {

const std::string kBookmark = event(
    "BOOKMARK", R"({"kind":"Service","metadata":{"resourceVersion":"9"}})");
constexpr std::chrono::seconds kSilence = ReflectorTimes().silence;
constexpr std::chrono::seconds kSlack = ReflectorTimes().read_slack;

std::string list_of_one(const std::string& version, int more) {
  return R"({"kind":"ServiceList","metadata":{"resourceVersion":")" + version +
         R"(","continue":"x","remainingItemCount":)" + std::to_string(more) +
         R"(},"items":[)" + web("10.0.0.1", "5") + "]}";
}

}  // namespace

TEST_CASE("a watch without even a bookmark is frozen: a new list") {
  Followed it;
  it.start();
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  it.api.say(kBookmark);
  CHECK(eventually([&] { return it.status().bookmarks == 1; }));
  it.ahead = kSilence - std::chrono::seconds(5);
  it.reflector->look_at_clock();
  CHECK(it.status().frozen == 0);
  CHECK(it.becomes_after(std::chrono::seconds(6),
                         [&] { return it.asked.count("list") == 2; }));
  CHECK(it.status().frozen == 1);
  CHECK(it.becomes("10.0.0.1"));  // all the time
  // As long as nothing comes, twice as long until the next one.
  CHECK(eventually([&] { return it.asked.count("watch 7") == 2; }));
  it.api.end_watches(true);
}

TEST_CASE("a server that sends no bookmarks may be silent") {
  Followed it;
  it.start();
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  it.api.say(event("MODIFIED", web("10.0.0.3", "8")));
  CHECK(it.becomes("10.0.0.3"));  // it does watch
  it.ahead = kSilence + std::chrono::seconds(1);
  it.reflector->look_at_clock();
  it.api.say(event("MODIFIED", web("10.0.0.2", "9")));
  CHECK(it.becomes("10.0.0.2"));
  CHECK(it.status().frozen == 0);
  CHECK(it.asked.count("list") == 1);
  // But not for longer than it was asked to.
  CHECK(it.becomes_after(std::chrono::seconds(600),
                         [&] { return it.asked.count("list") == 2; }));
}

TEST_CASE("an event that stays half is given up, and the watch goes on") {
  Followed it;
  it.start();
  // In one write, so that the half is there with the whole.
  it.api.say(event("MODIFIED", web("10.0.0.2", "8")) +
             R"({"type":"MODIFIED","object":{)");
  CHECK(it.becomes("10.0.0.2"));
  CHECK(it.becomes_after(kSlack + std::chrono::seconds(1),
                         [&] { return it.asked.count("list") == 2; }));
}

TEST_CASE("a list that trickles is given up") {
  Followed it;
  std::atomic<bool> slow = true;
  std::atomic<bool> ended = false;
  it.on_list = [&](const auto&, httplib::Response& reply) {
    if (!slow) {
      reply.set_content(list("7", web("10.0.0.1", "5")), "application/json");
      return;
    }
    reply.set_chunked_content_provider(
        "application/json", [&](std::size_t, httplib::DataSink& sink) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
          return !ended && sink.write("{", 1);
        });
  };
  it.start();
  CHECK(eventually([&] { return it.asked.count("list") == 1; }));
  slow = false;
  CHECK(it.becomes_after(kSlack + std::chrono::seconds(1),
                         [&] { return it.asked.count("list") == 2; }));
  CHECK(it.becomes("10.0.0.1"));
  ended = true;
}

TEST_CASE("another number of objects than the API server has: a new list") {
  Followed it;
  std::atomic<int> lists = 0;
  it.on_list = [&](const auto&, httplib::Response& reply) {
    const std::string db =
        with_version(service_json("a", "db", R"("clusterIP":"10.0.0.9")"), "6");
    reply.set_content(++lists == 1 ? list("7", web("10.0.0.1", "5"))
                                   : list("7", web("10.0.0.1", "5") + "," + db),
                      "application/json");
  };
  it.on_check = [&](const auto&, httplib::Response& reply) {
    reply.set_content(list_of_one(lists == 1 ? "20" : "35", 1),
                      "application/json");
  };
  it.start();
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  it.api.say(kBookmark);
  CHECK(eventually([&] { return it.status().bookmarks == 1; }));
  it.api.end_watches(false);
  CHECK(eventually([&] { return it.api.watches() == 2; }));
  CHECK(it.asked.count("check") == 0);  // not yet
  it.ahead = ReflectorTimes().check + std::chrono::seconds(1);
  it.api.end_watches(false);
  CHECK(eventually([&] { return it.asked.count("check") == 1; }));
  CHECK(eventually([&] { return it.api.watches() == 3; }));
  // The event that would have told of db never comes; another one does.
  it.api.say(event("MODIFIED", web("10.0.0.1", "30")));
  CHECK(eventually([&] { return it.asked.count("list") == 2; }));
  CHECK(eventually([&] { return it.status().differing == 1; }));
  CHECK(eventually([&] {
    return !records_of(it.zones, "db.a.svc.cluster.local.").empty();
  }));
  // Now they agree, at the proper end of a watch.
  CHECK(eventually([&] { return it.api.watches() == 4; }));
  it.ahead = it.ahead.load() + ReflectorTimes().check + kSlack;
  it.api.end_watches(false);
  CHECK(eventually([&] { return it.asked.count("check") == 2; }));
  CHECK(eventually([&] { return it.api.watches() == 5; }));
  it.api.say(event("MODIFIED", web("10.0.0.1", "40")));
  CHECK(eventually([&] { return it.status().same == 1; }));
  CHECK(it.asked.count("list") == 2);
}

TEST_CASE("an API server that went back in time: a new list") {
  Followed it;
  it.on_check = [](const auto&, httplib::Response& reply) {
    reply.set_content(list_of_one("6", 0), "application/json");
  };
  it.start();
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  it.ahead = ReflectorTimes().check + std::chrono::seconds(1);
  it.api.say(kBookmark);
  CHECK(eventually([&] { return it.status().bookmarks == 1; }));
  it.api.end_watches(false);
  CHECK(eventually([&] { return it.asked.count("list") == 2; }));
}

TEST_CASE("now and then there is a new list") {
  Followed it;
  it.on_check = [](const auto&, httplib::Response& reply) {
    reply.set_content(list_of_one("8", 0), "application/json");
  };
  it.start();
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  it.api.say(event("MODIFIED", web("10.0.0.2", "8")));
  CHECK(it.becomes("10.0.0.2"));
  it.ahead = ReflectorTimes().relist * 3 / 2 + std::chrono::seconds(1);
  it.api.end_watches(false);
  CHECK(it.becomes("10.0.0.1"));
  CHECK(it.asked.count("list") == 2);
}

TEST_CASE("lists that all servers make at once are spread over a second") {
  Followed it;
  it.patient = true;
  std::atomic<std::int64_t> waited = -1;  // microseconds, the first time
  it.options.wait = [&](std::chrono::microseconds length) {
    if (waited < 0) waited = length.count();
  };
  it.start();
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  it.api.say(event("MODIFIED", web("10.0.0.2", "8")));
  CHECK(it.becomes("10.0.0.2"));
  it.api.say(event("ERROR", R"({"kind":"Status","code":410})"));
  CHECK(eventually([&] { return it.asked.count("list") >= 2; }));
  CHECK(waited == 500'000);  // the random number is 0.5
  it.api.end_watches(true);
}

TEST_CASE("a second list rests between its objects, a first one does not") {
  constexpr int kServices = 3000;
  std::string items = web("10.0.0.1", "5");
  for (int i = 0; i < kServices; ++i) {
    items += "," + with_version(service_json("a", "svc-" + std::to_string(i),
                                             R"("clusterIP":"10.1.0.1")"),
                                "5");
  }
  Followed it;
  it.on_list = [&](const auto&, httplib::Response& reply) {
    reply.set_content(list("7", items), "application/json");
  };
  std::atomic<int> rests = 0;
  it.options.wait = [&](std::chrono::microseconds length) {
    if (length == std::chrono::microseconds(50)) ++rests;
  };
  it.start();
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  CHECK(rests == 0);
  it.api.say(event("ERROR", R"({"kind":"Status","code":410})"));
  CHECK(eventually([&] { return it.api.watches() == 2; }));
  CHECK(rests > 1);
  it.api.end_watches(true);
}

// Waiting is only counted: an hour takes as long as its requests.
TEST_CASE("an hour of an API server that is overloaded") {
  using Seconds = std::chrono::duration<double>;
  for (const bool retry_after : {false, true}) {
    CAPTURE(retry_after);
    const CapturedLog log;
    Followed it;
    std::atomic<double> waited = 0;
    std::atomic<bool> away = false;
    const auto answer = [&](const Followed::Answer& otherwise) {
      return [&, otherwise](const httplib::Request& request,
                            httplib::Response& reply) {
        if (!away) return otherwise(request, reply);
        if (retry_after) reply.set_header("Retry-After", "30");
        fail(reply, retry_after ? 429 : it.asked.all().size() % 2 ? 500 : 503);
      };
    };
    it.on_list = answer(it.on_list);
    it.on_watch = answer(it.on_watch);
    double longest = 0;
    double shortest = 1e9;
    it.options.wait = [&](std::chrono::microseconds length) {
      const double seconds = Seconds(length).count();
      longest = std::max(longest, seconds);
      shortest = std::min(shortest, seconds);
      waited = waited + seconds;
      if (waited > 3600) away = false;
    };
    it.patient = true;
    it.start();
    CHECK(eventually([&] { return it.api.watches() == 1; }));
    away = true;
    it.api.end_watches(true);
    CHECK(eventually([&] { return waited > 3600; }));
    CHECK(it.address() == "10.0.0.1");  // all the time
    CHECK(eventually([&] { return it.api.watches() == 2; }));
    CHECK(it.status().away_since != WallTime{});
    it.api.say(kBookmark);
    CHECK(eventually([&] { return log.count("well again") == 1; }));
    CHECK(it.status().away_since == WallTime{});
    // 500 and 503 took turns.
    CHECK(log.count("trying again") == (retry_after ? 1 : 2));
    const auto asked = it.asked.all().size();
    MESSAGE("asked " << asked << " times in an hour, at most " << longest
                     << " s apart");
    if (retry_after) {
      CHECK(shortest < 1);  // the cut itself
      CHECK(longest >= 30);
      CHECK(asked < 3600 / 30);
    } else {
      CHECK(longest <= 10);
      CHECK(asked > 3600 / 10);
      CHECK(asked < 3600 / 5);
    }
  }
}

TEST_CASE("401: credentials are read again") {
  TestFolder folder;
  folder.write("token", "old");
  Followed it;
  std::atomic<int> refused = 0;
  it.on_list = [&](const httplib::Request& request, httplib::Response& reply) {
    if (request.get_header_value("Authorization") != "Bearer new") {
      ++refused;
      folder.write("token", "new\n");
      return fail(reply, 401);
    }
    reply.set_content(list("7", web("10.0.0.1", "5")), "application/json");
  };
  ClusterAccess access;
  access.server = {false, "127.0.0.1", it.api.port(), ""};
  access.token_file = folder / "token";
  it.start(access);
  CHECK(it.becomes("10.0.0.1"));
  CHECK(refused == 1);
}

TEST_CASE("a server that is not there yet") {
  Followed it;
  const int port = it.api.port();
  it.credentials = std::make_unique<Credentials>(
      access_from_url("http://127.0.0.1:" + std::to_string(port)));
  // The port is bound; nobody accepts.  stop() must not wait for that.
  ReflectorOptions options;
  options.random = [] { return 0.5; };
  Reflector reflector(options, *it.credentials, *it.watch);
  reflector.start();
  const auto start = std::chrono::steady_clock::now();
  reflector.stop();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
  CHECK_FALSE(it.watch->status().synced);
}

TEST_CASE("stop ends a silent watch at once") {
  for (int i = 0; i < 5; ++i) {
    Followed it;
    it.start();
    CHECK(eventually([&] { return it.api.watches() == 1; }));
    const auto start = std::chrono::steady_clock::now();
    it.reflector->stop();
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  }
}

TEST_CASE("stop ends a connect, a handshake or a reply that hangs, at once") {
  for (const std::string what : {"connect", "handshake", "reply"}) {
    CAPTURE(what);
    SilentPort silent;
    if (what == "connect") silent.fill();
    const int before = silent.connecting();
    Followed it;
    Credentials credentials(
        access_from_url((what == "handshake" ? "https" : "http") +
                        ("://127.0.0.1:" + std::to_string(silent.port()))));
    ReflectorOptions options;
    options.random = [] { return 0.5; };
    Reflector reflector(options, credentials, *it.watch);
    reflector.start();
    CHECK(eventually([&] {
      return what == "connect" ? silent.connecting() > before
                               : silent.has_connection();
    }));
    const auto start = std::chrono::steady_clock::now();
    reflector.stop();
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  }
}

TEST_CASE("TLS: who we are, and who we trust") {
  TestFolder folder;
  const TestCertificates& made = test_certificates();
  const auto certificate = folder.write("server.crt", made.server);
  const auto key = folder.write("server.key", made.server_key);
  const auto authority = folder.write("ca.crt", made.authority);

  const auto ask = [&](const std::function<void(ClusterAccess&)>& change) {
    ScriptedApi api(std::make_unique<httplib::SSLServer>(
        certificate.c_str(), key.c_str(), authority.c_str()));
    api.server().Get("/x", [](const auto&, httplib::Response& reply) {
      reply.set_content("{}", "application/json");
    });
    api.start();
    ClusterAccess access;
    access.server = {true, "127.0.0.1", api.port(), ""};
    access.authority.inline_pem = made.authority;
    access.certificate.inline_pem = made.client;
    access.key.inline_pem = made.client_key;
    change(access);
    Credentials credentials(access);
    ApiClient client(credentials);
    ApiReply reply;
    for (int i = 0; i < 3; ++i) {  // "localhost" is ::1 too
      reply = client.get({.path = "/x"}, [](std::string_view) { return true; });
      if (!reply.why.ends_with("no connection")) break;
    }
    if (reply.end == ApiReply::End::kWhole) return std::string("whole");
    const std::string url = access.server.url() + ": ";
    return reply.why.starts_with(url) ? reply.why.substr(url.size())
                                      : reply.why;
  };

  CHECK(ask([](ClusterAccess&) {}) == "whole");
  CHECK(ask([](ClusterAccess& access) { access.server.host = "localhost"; }) ==
        "the server's certificate is for another name");
  CHECK(ask([](ClusterAccess& access) {
          access.server_name = "api.example";
        }) == "whole");
  CHECK(ask([](ClusterAccess& access) {
          access.server.host = "localhost";
          access.server_name = "127.0.0.1";
        }) == "whole");
  CHECK(ask([](ClusterAccess& access) {
          access.server_name = "other.example";
        }) == "the server's certificate is for another name");
  CHECK(ask([](ClusterAccess& access) {
          access.authority = {};
        }).starts_with("the server's certificate is not trusted: "));
  CHECK(ask([](ClusterAccess& access) {
          access.authority = {};
          access.insecure = true;
        }) == "whole");
  CHECK(ask([&](ClusterAccess& access) {
          access.authority.inline_pem = made.client;
        }).starts_with("the server's certificate is not trusted: "));
  CHECK(ask([](ClusterAccess& access) {
          access.certificate = {};
          access.key = {};
        }) != "whole");
}

TEST_CASE("the API source follows every kind, and stops") {
  ScriptedApi api;
  std::mutex mutex;
  std::map<std::string, std::string> selectors;
  const auto serve = [&](const std::string& path, const std::string& items) {
    api.server().Get(path, [&, path, items](const httplib::Request& request,
                                            httplib::Response& reply) {
      if (request.has_param("watch")) return api.stream(reply);
      {
        const std::lock_guard lock(mutex);
        selectors[path] = request.get_param_value("labelSelector");
      }
      reply.set_content(
          R"({"metadata":{"resourceVersion":"3"},"items":[)" + items + "]}",
          "application/json");
    });
  };
  const std::string app = R"("app":"web")";
  serve("/api/v1/namespaces", namespace_json("a"));
  serve("/api/v1/services",
        service_json("a", "web", R"("clusterIP":"None")", app));
  serve("/apis/discovery.k8s.io/v1/endpointslices",
        slice_json("a", "web-1", "web", "10.1.0.1", app));
  api.start();
  ClusterWatchOptions options = test_options();
  options.selection.labels = LabelSelector("app in (web,db)", "--labels");
  TestCluster cluster(options);
  ApiSource source(
      access_from_url("http://127.0.0.1:" + std::to_string(api.port())), {},
      cluster.watch);
  source.start();
  CHECK(eventually([&] { return cluster.watch.status().synced; }));
  CHECK(records_of(cluster.zones, "web.a.svc.cluster.local.")
            .starts_with("A 10.1.0.1"));
  source.reload();
  CHECK(eventually([&] {
    return cluster.watch.status().of(ObjectKind::kEndpointSlice).lists >= 2;
  }));
  source.stop();
  const std::lock_guard lock(mutex);
  CHECK(selectors["/api/v1/services"] == "app in (web,db)");
  CHECK(selectors["/api/v1/namespaces"].empty());
}
