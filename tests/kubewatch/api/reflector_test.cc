#include "kubewatch/api/reflector.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/kubewatch/followed.h"

using namespace canopy;
using namespace canopy::kube;

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
  std::atomic<bool> offered = false;
  Followed it;
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
    std::atomic<int> lists = 0;
    std::atomic<bool> gone = false;
    Followed it;
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
  std::atomic<bool> gone = true;
  Followed it;
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
  std::atomic<std::size_t> tries = 0;
  Followed it;
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
  it.on_watch = [&](const auto& request, httplib::Response& reply) {
    if (request.get_param_value("resourceVersion") != "7") {
      return it.api.stream(reply);
    }
    reply.set_content(event("MODIFIED", web("10.0.0.2", "8")) + "<html>",
                      "application/json");
  };
  it.start();
  CHECK(it.becomes("10.0.0.2"));
  CHECK(eventually([&] { return it.asked.count("watch 8") == 1; }));
  it.api.say(event("MODIFIED", web("10.0.0.3", "9")));
  CHECK(it.becomes("10.0.0.3"));
  CHECK(it.asked.count("list") == 1);
}

TEST_CASE("a relist takes away what is no longer there") {
  std::atomic<int> lists = 0;
  Followed it;
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
  std::atomic<std::int64_t> waited = -1;  // microseconds, the first time
  Followed it;
  it.patient = true;
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
  std::atomic<int> rests = 0;
  Followed it;
  it.on_list = [&](const auto&, httplib::Response& reply) {
    reply.set_content(list("7", items), "application/json");
  };
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
