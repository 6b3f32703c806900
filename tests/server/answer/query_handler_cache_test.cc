// The cache is never stale, because publishing invalidates it.
#include <doctest/doctest.h>

#include <string>

#include "server/answer/query_handler.h"
#include "tests/support/test_server.h"

using namespace canopy;
using namespace std::chrono_literals;
using test::TestServer;

namespace {

constexpr std::string_view kBefore = "service prod/web 10.96.0.1\n";
constexpr std::string_view kAfter = "service prod/web 10.96.0.2\n";
constexpr std::string_view kNone = "namespace prod\n";
constexpr std::string_view kQuestion = "web.prod.svc.cluster.local. A";

// Returns the first line of the answer section, or the rcode if it is empty.
std::string first_line(TestServer& server, std::string_view question) {
  const std::string reply = server.ask(question);
  const std::size_t end = reply.find('\n');
  const std::string line =
      reply.substr(end + 1, reply.find('\n', end + 1) - end - 1);
  return line.empty() || line[0] == ';' ? reply.substr(0, reply.find(' '))
                                        : line;
}

std::string address(std::string_view ip) {
  return "web.prod.svc.cluster.local. 30 IN A " + std::string(ip);
}

}  // namespace

TEST_CASE("a Service that changes is answered anew at once") {
  TestServer server(kBefore);
  CHECK(first_line(server, kQuestion) == address("10.96.0.1"));
  CHECK(first_line(server, kQuestion) == address("10.96.0.1"));
  server.publish(kAfter);
  CHECK(first_line(server, kQuestion) == address("10.96.0.2"));
  CHECK(server.counters().cache_outdated.value() == 1);
  server.publish(kNone);
  CHECK(first_line(server, kQuestion) == "NXDOMAIN");
}

TEST_CASE("a name that was NXDOMAIN a moment ago is there once published") {
  TestServer server(kNone);
  CHECK(first_line(server, kQuestion) == "NXDOMAIN");
  CHECK(first_line(server, kQuestion) == "NXDOMAIN");
  server.publish(kBefore);
  CHECK(first_line(server, kQuestion) == address("10.96.0.1"));
}

TEST_CASE("a type that was missing is there once published") {
  TestServer server("service prod/web fd00::1\n");
  CHECK(first_line(server, kQuestion) == "NOERROR");
  CHECK(first_line(server, kQuestion) == "NOERROR");
  CHECK(server.counters().cache_hits.value() == 1);  // NODATA is cached
  server.publish(kBefore);
  CHECK(first_line(server, kQuestion) == address("10.96.0.1"));
}

TEST_CASE("SRV and its addresses are of one snapshot") {
  const auto cluster = [](std::string_view ip) {
    return "service prod/db headless\nendpoint prod/db " + std::string(ip) +
           " hostname=db-0 pg:5432/tcp\n";
  };
  TestServer server(cluster("10.0.0.1"));
  const std::string_view question = "_pg._tcp.db.prod.svc.cluster.local. SRV";
  CHECK(server.ask(question).ends_with(
      "; additional\ndb-0.db.prod.svc.cluster.local. 30 IN A 10.0.0.1\n"));
  server.publish(cluster("10.0.0.2"));
  CHECK(server.ask(question).ends_with(
      "; additional\ndb-0.db.prod.svc.cluster.local. 30 IN A 10.0.0.2\n"));
}

TEST_CASE("an outside name asked before stays cached when the zone changes") {
  TestServer server(kBefore);
  server.upstreams().answer("www.example.com. A",
                            "www.example.com. 60 IN A 192.0.2.1\n");
  server.ask("www.example.com. A");
  server.publish(kAfter);
  CHECK(first_line(server, "www.example.com. A") ==
        "www.example.com. 60 IN A 192.0.2.1");
  CHECK(server.upstreams().asked().size() == 1);
}

TEST_CASE("an absent reverse name is asked once, whatever else changes") {
  TestServer server(kBefore);
  const std::string_view question = "1.2.0.192.in-addr.arpa. PTR";
  server.upstreams().answer(
      question, "1.2.0.192.in-addr.arpa. 60 IN PTR host.example.com.\n");
  CHECK(first_line(server, question) ==
        "1.2.0.192.in-addr.arpa. 60 IN PTR host.example.com.");
  server.publish(kAfter);
  server.advance(10s);
  CHECK(first_line(server, question) ==
        "1.2.0.192.in-addr.arpa. 50 IN PTR host.example.com.");
  CHECK(first_line(server, question) ==
        "1.2.0.192.in-addr.arpa. 50 IN PTR host.example.com.");
  CHECK(server.upstreams().asked().size() == 1);
  CHECK(server.counters().cache_outdated.value() == 1);  // then restamped
}

TEST_CASE("a reverse name that an upstream had is ours once we have it") {
  TestServer server(kNone);
  const std::string_view question = "1.0.96.10.in-addr.arpa. PTR";
  server.upstreams().answer(
      question, "1.0.96.10.in-addr.arpa. 600 IN PTR other.example.com.\n");
  CHECK(first_line(server, question) ==
        "1.0.96.10.in-addr.arpa. 600 IN PTR other.example.com.");
  server.publish(kBefore);
  CHECK(first_line(server, question) ==
        "1.0.96.10.in-addr.arpa. 30 IN PTR web.prod.svc.cluster.local.");
  server.publish(kNone);
  CHECK(first_line(server, question) ==
        "1.0.96.10.in-addr.arpa. 600 IN PTR other.example.com.");
}

TEST_CASE("an upstream's NXDOMAIN for a reverse name gives way to our PTR") {
  TestServer server(kNone);
  const std::string_view question = "1.0.96.10.in-addr.arpa. PTR";
  server.upstreams().answer(question,
                            "NXDOMAIN\n; authority\n10.in-addr.arpa. 900 IN "
                            "SOA ns. h. 1 2 3 4 900\n");
  CHECK(first_line(server, question) == "NXDOMAIN");
  CHECK(first_line(server, question) == "NXDOMAIN");
  CHECK(server.upstreams().asked().size() == 1);
  server.publish(kBefore);
  CHECK(first_line(server, question) ==
        "1.0.96.10.in-addr.arpa. 30 IN PTR web.prod.svc.cluster.local.");
}

namespace {

constexpr std::string_view kExternal =
    "service prod/ext external-name www.example.com\n";
constexpr std::string_view kExtQuestion = "ext.prod.svc.cluster.local. A";

}  // namespace

TEST_CASE("a completed CNAME is asked once, whatever else is published") {
  TestServer server(kExternal);
  server.upstreams().answer("www.example.com. A",
                            "www.example.com. 60 IN A 192.0.2.1\n");
  const std::string first = server.ask(kExtQuestion);
  CHECK(first ==
        "NOERROR aa rd ra\n"
        "ext.prod.svc.cluster.local. 30 IN CNAME www.example.com.\n"
        "www.example.com. 60 IN A 192.0.2.1\n");
  CHECK(server.ask(kExtQuestion) == first);
  server.publish(std::string(kExternal) + std::string(kBefore));
  CHECK(server.ask(kExtQuestion) == first);
  CHECK(server.ask(kExtQuestion) == first);
  CHECK(server.upstreams().asked().size() == 1);
  CHECK(server.counters().cache_outdated.value() == 1);
}

TEST_CASE("a completed CNAME whose zone part changes is made anew") {
  TestServer server(kExternal);
  server.upstreams().answer("www.example.com. A",
                            "www.example.com. 60 IN A 192.0.2.1\n");
  server.upstreams().answer("www.example.org. A",
                            "www.example.org. 60 IN A 192.0.2.2\n");
  server.ask(kExtQuestion);
  server.publish("service prod/ext external-name www.example.org\n");
  CHECK(server.ask(kExtQuestion).ends_with("192.0.2.2\n"));
  server.publish("service prod/ext 10.96.0.9\n");
  CHECK(first_line(server, kExtQuestion) ==
        "ext.prod.svc.cluster.local. 30 IN A 10.96.0.9");
  server.publish(kNone);
  CHECK(first_line(server, kExtQuestion) == "NXDOMAIN");
}

TEST_CASE("a CNAME into the zone that then leads out of it is made anew") {
  TestServer server(kExternal);
  server.upstreams().answer("www.example.com. A",
                            "www.example.com. 60 IN A 192.0.2.1\n");
  server.ask(kExtQuestion);
  server.publish(
      "service prod/ext external-name web.prod.svc.cluster.local\n"
      "service prod/web external-name www.example.com\n");
  CHECK(server.ask(kExtQuestion) ==
        "NOERROR aa rd ra\n"
        "ext.prod.svc.cluster.local. 30 IN CNAME web.prod.svc.cluster.local.\n"
        "web.prod.svc.cluster.local. 30 IN CNAME www.example.com.\n"
        "www.example.com. 60 IN A 192.0.2.1\n");
}

TEST_CASE("while an answer is under way the zone may change: never stale") {
  TestServer server(kNone);
  const std::string_view question = "1.0.96.10.in-addr.arpa. PTR";
  server.upstreams().answer(
      question, "1.0.96.10.in-addr.arpa. 600 IN PTR other.example.com.\n");
  server.upstreams().hold();
  CHECK(server.ask(question) == "no reply");
  server.publish(kBefore);
  server.upstreams().release();
  CHECK(server.take_replies().size() == 1);
  CHECK(first_line(server, question) ==
        "1.0.96.10.in-addr.arpa. 30 IN PTR web.prod.svc.cluster.local.");
}

TEST_CASE("NXDOMAIN of the cluster is not kept: names without number") {
  TestServer server(kNone, test::record_options(), {.entries = 10});
  for (int i = 0; i < 1000; ++i) {
    server.ask("n" + std::to_string(i) + ".prod.svc.cluster.local. A");
  }
  CHECK(server.cache().totals().insertions == 0);
}
