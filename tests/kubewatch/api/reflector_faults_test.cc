// An API server that is silent, slow, wrong, overloaded or away.
#include <doctest/doctest.h>

#include <string>

#include "kubewatch/api/reflector.h"
#include "tests/kubewatch/captured_log.h"
#include "tests/kubewatch/folder.h"
#include "tests/kubewatch/followed.h"
#include "tests/kubewatch/silent_port.h"

using namespace canopy;
using namespace canopy::kube;

namespace {

// On a busy machine; a connect or a handshake may take five seconds.
constexpr std::chrono::seconds kAtOnce{4};

const std::string kBookmark = event(
    "BOOKMARK", R"({"kind":"Service","metadata":{"resourceVersion":"9"}})");
constexpr std::chrono::seconds kSilence = ReflectorTimes().silence;
constexpr std::chrono::seconds kSlack = ReflectorTimes().read_slack;

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
  std::atomic<bool> slow = true;
  std::atomic<bool> ended = false;
  Followed it;
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
  std::atomic<int> lists = 0;
  Followed it;
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

TEST_CASE("an event that went back in time is not taken: a new list") {
  std::atomic<int> lists = 0;
  Followed it;
  it.on_list = [&](const auto&, httplib::Response& reply) {
    reply.set_content(++lists == 1 ? list("7", web("10.0.0.1", "5"))
                                   : list("20", web("10.0.0.2", "10")),
                      "application/json");
  };
  it.on_watch = [&](const auto& request, httplib::Response& reply) {
    if (request.get_param_value("resourceVersion") == "20") {
      return it.api.stream(reply);
    }
    reply.set_content(event("MODIFIED", web("10.0.0.2", "10")) +
                          event("MODIFIED", web("10.0.0.3", "9")),
                      "application/json");
  };
  it.start();
  CHECK(eventually([&] { return it.asked.count("watch 20") == 1; }));
  CHECK(it.status().went_back == 1);
  CHECK(it.status().modified == 1);  // the one that was taken
  CHECK(records_of(it.zones, "web.a.svc.cluster.local.") == "A 10.0.0.2");
}

TEST_CASE("a server whose versions have no order is not asked all the time") {
  std::atomic<std::int64_t> waited = 0;
  Followed it;
  it.options.wait = [&](std::chrono::microseconds length) {
    waited = waited + length.count();
  };
  it.patient = true;
  it.on_watch = [](const auto&, httplib::Response& reply) {
    reply.set_content(event("MODIFIED", web("10.0.0.3", "6")),
                      "application/json");
  };
  it.start();
  CHECK(eventually([&] { return it.asked.count("list") > 20; }));
  // The pauses come to 10 s each.
  CHECK(waited > 60'000'000);
}

// Waiting is only counted: an hour takes as long as its requests.
TEST_CASE("an hour of an API server that is overloaded") {
  using Seconds = std::chrono::duration<double>;
  for (const bool retry_after : {false, true}) {
    CAPTURE(retry_after);
    const CapturedLog log;
    std::atomic<double> waited = 0;
    std::atomic<bool> away = false;
    double longest = 0;
    double shortest = 1e9;
    Followed it;
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
    CHECK(eventually([&] { return log.count("recovered after") == 1; }));
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
  std::atomic<int> refused = 0;
  Followed it;
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
  CHECK(std::chrono::steady_clock::now() - start < kAtOnce);
  CHECK_FALSE(it.watch->status().synced);
}

TEST_CASE("stop ends a silent watch at once") {
  for (int i = 0; i < 5; ++i) {
    Followed it;
    it.start();
    CHECK(eventually([&] { return it.api.watches() == 1; }));
    const auto start = std::chrono::steady_clock::now();
    it.reflector->stop();
    CHECK(std::chrono::steady_clock::now() - start < kAtOnce);
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
    CHECK(std::chrono::steady_clock::now() - start < kAtOnce);
  }
}
