// What blocks tell clients about the server and about themselves: the
// directives nsid, chaos and whoami.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/test_server.h"

using namespace canopy;
using test::TestServer;

namespace {

Name domain(const std::string& text) { return *Name::from_text(text); }

// A plan with these blocks on one listener.
std::shared_ptr<const Plan> plan_of(std::vector<Block> blocks) {
  return std::make_shared<const Plan>(
      std::vector<Listener>{{.blocks = std::move(blocks)}});
}

std::string edns_line(const std::string& reply) {
  const auto at = reply.find("; edns");
  return at == std::string::npos ? "" : reply.substr(at);
}

}  // namespace

TEST_CASE("NSID is for clients that ask for it, and by block") {
  TestServer server("service prod/web 10.96.0.1\n");
  server.use_plan(plan_of(
      {{.domain = domain("cluster.local"), .own = {.nsid = "in the cluster"}},
       {.domain = domain("none.example"), .upstreams = UpstreamGroup{}},
       {.domain = Name(),
        .cache = CacheRules{},
        .upstreams = UpstreamGroup{},
        .own = {.nsid = "localdns"}}}));
  server.upstreams().answer("a.example. A", "a.example. 9 IN A 192.0.2.1\n");
  server.upstreams().answer("none.example. A",
                            "none.example. 9 IN A 192.0.2.1\n");
  for (const char* source : {"upstream", "cache"}) {
    CAPTURE(source);
    CHECK(edns_line(server.ask("a.example. A +nsid")) ==
          "; edns 1232 nsid=localdns\n");
  }
  CHECK(edns_line(server.ask("a.example. A +edns")) == "; edns 1232\n");
  CHECK(edns_line(server.ask("a.example. A")).empty());
  CHECK(edns_line(server.ask("WEB.prod.svc.cluster.local. A +nsid")) ==
        "; edns 1232 nsid=in the cluster\n");
  CHECK(edns_line(server.ask("none.example. A +nsid")) == "; edns 1232\n");
  // Answers about the server have it too.
  CHECK(edns_line(server.ask("version.bind. TXT +ch +nsid")) ==
        "; edns 1232 nsid=localdns\n");
}

TEST_CASE("an NSID that does not fit is left out, and the records stay") {
  std::string cluster = "service prod/db headless\n";
  for (int i = 1; i <= 28; ++i) {
    cluster += "endpoint prod/db 10.0.0." + std::to_string(i) + "\n";
  }
  TestServer server(cluster);
  server.use_plan(
      plan_of({{.domain = Name(), .own = {.nsid = std::string(255, 'n')}}}));
  const std::string reply =
      server.ask("db.prod.svc.cluster.local. A +edns=512 +nsid");
  CHECK(reply.starts_with("NOERROR aa rd\n"));
  CHECK(edns_line(reply) == "; edns 1232\n");
  CHECK(edns_line(server.ask("db.prod.svc.cluster.local. A +nsid")) ==
        "; edns 1232 nsid=" + std::string(255, 'n') + "\n");
}

TEST_CASE("whoami gives the client's address and port when no step answers") {
  TestServer server("service prod/web 10.96.0.1\n");
  server.use_plan(plan_of({{.domain = Name(), .own = {.whoami = true}}}));
  CHECK(server.ask("Health.example. A", {.client = {"192.0.2.7", 4242}}) ==
        "NOERROR aa rd\n; additional\n"
        "Health.example. 0 IN A 192.0.2.7\n"
        "_udp.Health.example. 0 IN SRV 0 0 4242 .\n");
  CHECK(server.ask("a.example. TXT", {.transport = Transport::kTcp,
                                      .client = {"2001:db8::7", 4242}}) ==
        "NOERROR aa rd\n; additional\n"
        "a.example. 0 IN AAAA 2001:db8::7\n"
        "_tcp.a.example. 0 IN SRV 0 0 4242 .\n");
  CHECK(server.ask(". A", {.client = {"192.0.2.7", 1}}) ==
        "NOERROR aa rd\n; additional\n"
        ". 0 IN A 192.0.2.7\n"
        "_udp. 0 IN SRV 0 0 1 .\n");
  // Zones answer first.
  CHECK(server.ask("web.prod.svc.cluster.local. A") ==
        "NOERROR aa rd\nweb.prod.svc.cluster.local. 30 IN A 10.96.0.1\n");
  // No room for another label: the SRV record is left out.
  std::string longest;
  for (int i = 0; i < 125; ++i) longest += "a.";
  CHECK(server.ask(longest + "b. A", {.client = {"192.0.2.7", 1}}) ==
        "NOERROR aa rd\n; additional\n" + longest + "b. 0 IN A 192.0.2.7\n");
}

TEST_CASE("whoami comes after forward") {
  TestServer server("");
  server.use_plan(plan_of({{.domain = Name(),
                            .upstreams = UpstreamGroup{},
                            .own = {.whoami = true}}}));
  server.upstreams().answer("a.example. A", "a.example. 9 IN A 192.0.2.1\n");
  CHECK(server.ask("a.example. A") ==
        "NOERROR rd ra\na.example. 9 IN A 192.0.2.1\n");
}

TEST_CASE("chaos sets the version and the authors, by block") {
  TestServer server("");
  server.use_plan(plan_of(
      {{.domain = domain("version.bind"), .own = {.version = "CoreDNS-001"}},
       {.domain = domain("authors.bind"), .own = {.authors = {"ann", "bob"}}},
       {}}));
  CHECK(server.ask("version.bind. TXT +ch") ==
        "NOERROR aa rd\nversion.bind. 0 IN TXT \"CoreDNS-001\"\n");
  CHECK(server.ask("version.server. TXT +ch") ==
        "NOERROR aa rd\nversion.server. 0 IN TXT \"CanopyDNS test\"\n");
  CHECK(server.ask("authors.bind. TXT +ch") ==
        "NOERROR aa rd\nauthors.bind. 0 IN TXT \"ann\"\n"
        "authors.bind. 0 IN TXT \"bob\"\n");
  CHECK(server.ask("hostname.bind. TXT +ch") ==
        "NOERROR aa rd\nhostname.bind. 0 IN TXT \"a-pod\"\n");
  CHECK(server.ask("version.bind. A +ch") == "NOERROR aa rd\n");
  server.use_plan(plan_of({{}}));
  CHECK(server.ask("authors.bind. TXT +ch") == "REFUSED rd\n");
}
