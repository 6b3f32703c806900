// Lists that are a watch's first events, and API servers that have none.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "kubewatch/api/reflector.h"
#include "tests/kubewatch/captured_log.h"
#include "tests/kubewatch/followed.h"

using namespace canopy;
using namespace canopy::kube;

namespace {

using Requests = std::vector<std::string>;

std::string end_of_list(const std::string& version) {
  return event("BOOKMARK",
               R"({"kind":"Service","metadata":{"resourceVersion":")" +
                   version +
                   R"(","annotations":{"k8s.io/initial-events-end":"true"}}})");
}

std::string named(const std::string& name, const std::string& ip,
                  const std::string& version) {
  return with_version(service_json("a", name, R"("clusterIP":")" + ip + "\""),
                      version);
}

// An API server that streams lists: its first one is web at version 7.
struct Streamed : Followed {
  Streamed() {
    on_stream = [this](const auto& request, httplib::Response& reply) {
      CHECK(request.get_param_value("resourceVersionMatch") == "NotOlderThan");
      CHECK(request.get_param_value("allowWatchBookmarks") == "true");
      CHECK(request.has_param("timeoutSeconds"));
      CHECK_FALSE(request.has_param("resourceVersion"));
      CHECK_FALSE(request.has_param("limit"));
      api.stream(reply);
    };
  }

  std::string records(const std::string& name) {
    return records_of(zones, name + ".a.svc.cluster.local.");
  }
  // What the list's stream says, one text a time it is asked for; the last one
  // goes on as said with api.say().
  void streams(std::vector<std::string> texts) {
    auto number = std::make_shared<std::atomic<std::size_t>>(0);
    on_stream = [this, texts, number](const auto&, httplib::Response& reply) {
      const std::size_t at = (*number)++;
      if (at >= texts.size()) return api.stream(reply);
      reply.set_content(texts[at], "application/json");
    };
  }
};

}  // namespace

TEST_CASE("a list that is streamed, and the watch that it becomes") {
  Streamed it;
  it.start();
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  it.api.say(event("ADDED", web("10.0.0.1", "5")));
  it.api.say(event("ADDED", named("db", "10.0.0.9", "3")));
  // The bookmark is not there yet.
  CHECK(it.status().lists == 0);
  CHECK(it.status().watches == 0);
  it.api.say(end_of_list("7"));
  CHECK(it.becomes("10.0.0.1"));
  CHECK(it.records("db") == "A 10.0.0.9");
  it.api.say(event("MODIFIED", web("10.0.0.2", "8")));
  CHECK(it.becomes("10.0.0.2"));
  CHECK(it.asked.all() == Requests{"stream"});
  it.api.end_watches(true);
  CHECK(eventually([&] { return it.asked.count("watch 8") == 1; }));
  const KindStatus status = it.status();
  CHECK(status.lists == 1);
  CHECK(status.streamed == 1);
  CHECK(status.watches == 2);
  CHECK(status.failures == 0);
  CHECK(status.added == 0);  // the list's objects are no changes
  CHECK(status.modified == 1);
}

TEST_CASE("a streamed list has no order, and changes between its objects") {
  Streamed it;
  it.start();
  it.api.say(event("ADDED", web("10.0.0.1", "50")));
  it.api.say(event("ADDED", named("gone", "10.0.0.8", "6")));
  it.api.say(event("MODIFIED", web("10.0.0.2", "51")));
  it.api.say(event("ADDED", named("db", "10.0.0.9", "3")));
  it.api.say(event("DELETED", named("gone", "10.0.0.8", "52")));
  it.api.say(event("RENAMED", named("odd", "10.0.0.7", "53")));
  it.api.say(event("ADDED", R"({"metadata":{"resourceVersion":"9"}})"));
  it.api.say(end_of_list("53"));
  CHECK(it.becomes("10.0.0.2"));
  CHECK(it.records("db") == "A 10.0.0.9");
  CHECK(it.records("gone").empty());
}

TEST_CASE("after the end of a streamed list its events have an order") {
  Streamed it;
  it.streams({event("ADDED", web("10.0.0.1", "90")) + end_of_list("53") +
              event("MODIFIED", web("10.0.0.4", "54")) +
              event("MODIFIED", web("10.0.0.5", "53"))});
  it.start();
  CHECK(eventually([&] { return it.asked.count("stream") == 2; }));
  CHECK(it.status().went_back == 1);
  CHECK(it.address() == "10.0.0.4");
}

TEST_CASE("a relist that is streamed replaces by difference at its end") {
  const std::string db = event("ADDED", named("db", "10.0.0.9", "3"));
  const std::string gone = event("ERROR", R"({"kind":"Status","code":410})");
  const std::string deleted = event("DELETED", named("db", "10.0.0.9", "30"));
  Streamed it;
  it.streams(
      {event("ADDED", web("10.0.0.1", "5")) + db + end_of_list("7") + gone,
       db + deleted,  // these two break off
       db + deleted + gone});
  it.start();
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  CHECK(it.asked.all() == Requests{"stream", "stream", "stream", "stream"});
  CHECK(it.address() == "10.0.0.1");
  CHECK(it.records("db") == "A 10.0.0.9");
  it.api.say(event("ADDED", web("10.0.0.2", "20")));
  it.api.say(end_of_list("40"));
  CHECK(it.becomes("10.0.0.2"));
  CHECK(it.records("db").empty());
  CHECK(it.status().streamed == 2);
  CHECK(it.status().failures == 3);
}

TEST_CASE("a server that refuses to stream is asked for pages, at once") {
  for (const int code : {400, 403, 404, 405, 422, 501}) {
    CAPTURE(code);
    const CapturedLog log;
    Streamed it;
    it.on_stream = [&](const auto&, httplib::Response& reply) {
      fail(reply, code);
    };
    it.start();
    CHECK(it.becomes("10.0.0.1"));
    CHECK(eventually([&] { return it.api.watches() == 1; }));
    CHECK(it.asked.all() == Requests{"stream", "list", "watch 7"});
    CHECK(it.status().failures == 0);
    CHECK(it.status().lists == 1);
    CHECK(it.status().streamed == 0);
    CHECK(log.count("does not stream lists; listing in pages") == 1);
    CHECK(log.count("trying again") == 0);
    // Again later, for the server may be a newer one.
    it.reflector->reload();
    const auto has_listed = [&](std::uint64_t lists) {
      return it.becomes_after({}, [&] { return it.status().lists == lists; });
    };
    CHECK(has_listed(2));
    CHECK(it.asked.count("stream") == 1);
    it.ahead = ReflectorTimes().stream_again + std::chrono::seconds(1);
    it.reflector->reload();
    CHECK(has_listed(3));
    CHECK(it.asked.count("stream") == 2);
    CHECK(log.count("does not stream lists") == 1);
  }
}

TEST_CASE("while streamed lists fail every fourth list is in pages") {
  const std::string one = event("ADDED", web("10.0.0.7", "5"));
  const auto says = [](int code) {
    return [code](const auto&, httplib::Response& reply) { fail(reply, code); };
  };
  const auto breaks_off = [](const std::string& text) {
    return [text](const auto&, httplib::Response& reply) {
      reply.set_chunked_content_provider(
          "application/json", [text](std::size_t, httplib::DataSink& sink) {
            sink.write(text.data(), text.size());
            return false;
          });
    };
  };
  const auto ends = [](const std::string& text) {
    return [text](const auto&, httplib::Response& reply) {
      reply.set_content(text, "application/json");
    };
  };
  const std::map<std::string, Followed::Answer> broken = {
      {"an end without a word", ends("")},
      {"an end without an end", ends(one)},
      {"an end without its mark",
       ends(one +
            event("BOOKMARK", R"({"metadata":{"resourceVersion":"9"}})"))},
      {"an end marked false",
       ends(one + event("BOOKMARK",
                        R"({"metadata":{"resourceVersion":"9","annotations":)"
                        R"({"k8s.io/initial-events-end":"false"}}})"))},
      {"half an event", ends(one + R"({"type":"ADDED","object":)")},
      {"cut", breaks_off(one)},
      {"an error event",
       ends(one + event("ERROR", R"({"kind":"Status","code":500})"))},
      {"401", says(401)},
      {"410", says(410)},
      {"429", says(429)},
      {"500", says(500)},
      {"503", says(503)},
  };
  for (const auto& how : broken) {
    CAPTURE(how.first);
    std::atomic<int> lists = 0;
    Streamed it;
    it.on_stream = how.second;
    it.on_list = [&lists, otherwise = it.on_list](const auto& request,
                                                  auto& reply) {
      if (++lists == 1) return fail(reply, 503);
      otherwise(request, reply);
    };
    it.start();
    CHECK(it.becomes("10.0.0.1"));
    CHECK(eventually([&] { return it.api.watches() == 1; }));
    CHECK(it.asked.all() == Requests{"stream", "stream", "stream", "list",
                                     "stream", "stream", "stream", "list",
                                     "watch 7"});
    CHECK(it.status().failures == 7);
    // It is not remembered: the next one is streamed again.
    it.reflector->reload();
    CHECK(it.becomes_after({}, [&] { return it.asked.count("stream") > 6; }));
  }
}

TEST_CASE("what is no streamed list: pages") {
  const std::string one = event("ADDED", web("10.0.0.7", "5"));
  const std::string bookmark = event(
      "BOOKMARK", R"({"kind":"Service","metadata":{"resourceVersion":"9"}})");
  std::string bookmarks = one;
  for (int i = 0; i < 20; ++i) bookmarks += bookmark;
  const std::vector<std::string> texts = {
      bookmarks,
      one + "<html>",
      list("7", web("10.0.0.7", "5")),
      one + event("BOOKMARK", R"({"metadata":{"annotations":{"k8s.io/)"
                              R"(initial-events-end":"true"}}})"),
  };
  for (const std::string& text : texts) {
    CAPTURE(text);
    Streamed it;
    it.streams({text});
    it.start();
    CHECK(it.becomes("10.0.0.1"));
    CHECK(eventually([&] { return it.api.watches() == 1; }));
    CHECK(it.asked.all() == Requests{"stream", "list", "watch 7"});
    CHECK(it.status().failures == 1);
  }
}

TEST_CASE("a plain watch in place of a streamed list is silent: pages") {
  Streamed it;
  it.start();
  it.api.say(event("ADDED", web("10.0.0.7", "5")));
  CHECK(eventually([&] { return it.status().objects == 1; }));
  CHECK(it.becomes_after(ReflectorTimes().read_slack + std::chrono::seconds(2),
                         [&] { return it.asked.count("list") > 0; }));
  CHECK(it.becomes("10.0.0.1"));
  CHECK(it.asked.count("stream") == 1);
}

TEST_CASE("the end of a list, and 410 at once: the pauses grow") {
  std::atomic<std::int64_t> waited = 0;
  Streamed it;
  it.options.wait = [&](std::chrono::microseconds length) {
    waited = waited + length.count();
  };
  it.patient = true;
  it.on_stream = [](const auto&, httplib::Response& reply) {
    reply.set_content(
        end_of_list("7") + event("ERROR", R"({"kind":"Status","code":410})"),
        "application/json");
  };
  it.start();
  CHECK(eventually([&] { return it.asked.count("stream") > 20; }));
  CHECK(waited > 60'000'000);  // they come to 10 s each
}

TEST_CASE("a stream that is silent after its list is a frozen watch") {
  Streamed it;
  it.start();
  it.api.say(end_of_list("7"));
  CHECK(eventually([&] { return it.status().lists == 1; }));
  it.api.say(event("BOOKMARK",
                   R"({"kind":"Service","metadata":{"resourceVersion":"9"}})"));
  CHECK(eventually([&] { return it.status().bookmarks == 1; }));
  CHECK(it.becomes_after(ReflectorTimes().silence + std::chrono::seconds(1),
                         [&] { return it.asked.count("stream") > 1; }));
  CHECK(it.status().frozen == 1);
  it.api.end_watches(true);
}

TEST_CASE("a streamed relist rests between its objects") {
  std::string objects;
  for (int i = 0; i < 3000; ++i) {
    objects +=
        event("ADDED", named("svc-" + std::to_string(i), "10.1.0.1", "5"));
  }
  std::atomic<int> rests = 0;
  Streamed it;
  it.on_stream = [&](const auto&, httplib::Response& reply) {
    reply.set_content(objects + end_of_list("7"), "application/json");
  };
  it.options.wait = [&](std::chrono::microseconds length) {
    if (length == std::chrono::microseconds(50)) ++rests;
  };
  it.start();
  CHECK(eventually([&] { return it.status().lists == 1; }));
  CHECK(rests == 0);
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  it.reflector->reload();
  CHECK(it.becomes_after({}, [&] { return it.status().lists == 2; }));
  CHECK(rests > 1);
  CHECK(it.status().objects == 3000);
}

TEST_CASE("stop ends a streamed list at once") {
  Streamed it;
  it.start();
  it.api.say(event("ADDED", web("10.0.0.1", "5")));
  CHECK(eventually([&] { return it.api.watches() == 1; }));
  it.reflector->stop();
  CHECK(it.status().lists == 0);
  CHECK(it.status().objects == 0);
}
