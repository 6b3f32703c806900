// What templates of a Corefile answer.
#include "server/answer/template_answers.h"

#include <doctest/doctest.h>

#include <string>

#include "server/config/corefile_plan.h"
#include "tests/server/config/corefiles.h"
#include "tests/support/test_server.h"

namespace canopy {
namespace {

using test::TestServer;

constexpr std::string_view kCluster = "service prod/web 10.96.0.1\n";

// The plan of a Corefile.
std::shared_ptr<const Plan> plan_of_file(const Corefiles& files) {
  const CorefileSettings read = files.read();
  REQUIRE(read.faults.empty());
  return compile_corefile(read.settings.blocks, {});
}

std::shared_ptr<const Plan> plan_of(const std::string& directives) {
  return plan_of_file(one_block("kubernetes cluster.local\n" + directives));
}

// The answer of a server with these directives.
std::string ask_with(const std::string& directives, std::string_view question) {
  TestServer server(kCluster);
  server.use_plan(plan_of(directives));
  return server.ask(question, {.client = {"192.0.2.7", 5353}});
}

constexpr std::string_view kAddresses = R"(template IN A example {
  match (^|[.])ip-(?P<a>[0-9]*)-(?P<b>[0-9]*)-(?P<c>[0-9]*)-(?P<d>[0-9]*)[.]example[.]$
  answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"
  fallthrough
}
template IN PTR in-addr.arpa {
  match ^(?P<d>[0-9]*)[.](?P<c>[0-9]*)[.](?P<b>[0-9]*)[.](?P<a>[0-9]*)[.]in-addr[.]arpa[.]$
  answer "{{ .Name }} 60 IN PTR ip-{{ .Group.a }}-{{ .Group.b }}-{{ .Group.c }}-{{ .Group.d }}.example."
})";

TEST_CASE("template: question to answer") {
  struct Row {
    std::string_view directives;
    std::string_view question;
    std::string answer;
  };
  for (const Row& row : std::vector<Row>{
           {"template ANY ANY {\nrcode NXDOMAIN\n}", "any.example. A",
            "NXDOMAIN aa rd\n"},
           {"template IN AAAA {\nrcode NOERROR\n}", "a.example. AAAA",
            "NOERROR aa rd\n"},
           {"template IN AAAA {\nrcode NOERROR\n}", "a.example. A",
            "REFUSED rd\n"},
           {"template ANY HTTPS .", "a.example. HTTPS", "NOERROR aa rd\n"},
           {"template ANY ANY invalid {\nrcode NXDOMAIN\nauthority \"invalid. "
            "60 {{ .Class }} SOA ns.invalid. h.invalid. (1 2 3 4 60)\"\n"
            "ederror 21 \"RFC 2606\"\n}",
            "x.invalid. MX +edns",
            "NXDOMAIN aa rd\n; authority\n"
            "invalid. 60 IN SOA ns.invalid. h.invalid. 1 2 3 4 60\n"
            "; edns 1232 ede=21 \"RFC 2606\"\n"},
           {"template IN A a.example b.a.example {\nanswer \"{{ .Zone }} A "
            "192.0.2.1\"\n}",
            "x.b.a.example. A",
            "NOERROR aa rd\nb.a.example. 3600 IN A 192.0.2.1\n"},
           {kAddresses, "x.IP-10-0-2-1.example. A",
            "NOERROR aa rd\nx.IP-10-0-2-1.example. 60 IN A 10.0.2.1\n"},
           {kAddresses, "other.example. A", "REFUSED rd\n"},
           {kAddresses, "4.3.2.1.in-addr.arpa. PTR",
            "NOERROR aa rd\n"
            "4.3.2.1.in-addr.arpa. 60 IN PTR ip-1-2-3-4.example.\n"},
           {"template IN A {\nmatch ^ip0a(?P<b>[a-f0-9]{2})\nanswer \"{{ .Name "
            "}} 60 IN A 10.{{ parseInt .Group.b 16 8 }}.0.1\"\n}",
            "ip0aff.example. A",
            "NOERROR aa rd\nip0aff.example. 60 IN A 10.255.0.1\n"},
           // The first pattern that matches counts.
           {"template IN TXT {\nmatch ^(?P<v>a) ^(?P<v>ab)\nanswer \"{{ .Name "
            "}} 60 IN TXT {{ .Group.v }} {{ index .Match 0 }}\"\n}",
            "ab. TXT", "NOERROR aa rd\nab. 60 IN TXT \"a\" \"a\"\n"},
           {"template IN ANY {\nanswer \"{{ .Name }} 60 IN TXT {{ .Type }} {{ "
            ".Remote }} {{ .Question.Name }}\"\n}",
            "A.b. TXT",
            "NOERROR aa rd\nA.b. 60 IN TXT \"TXT\" \"192.0.2.7\" \"A.b.\"\n"},
           // All sections, in their order.
           {"template IN MX {\nadditional \"b. 60 IN A 192.0.2.1\" \"b. 60 IN "
            "TXT t\"\nanswer \"{{ .Name }} 60 IN MX 10 b.\"\nauthority "
            "\"a. 60 IN NS b.\"\n}",
            "x.a. MX",
            "NOERROR aa rd\nx.a. 60 IN MX 10 b.\n; authority\na. 60 IN NS b.\n"
            "; additional\nb. 60 IN A 192.0.2.1\nb. 60 IN TXT \"t\"\n"},
           // Names with octets that a text must escape.
           {"template IN TXT {\nanswer \"{{ .Name }} 60 IN TXT x\"\n}",
            "a\\032\\(\\;.b. TXT",
            "NOERROR aa rd\na\\032\\(\\;.b. 60 IN TXT \"x\"\n"},
       }) {
    CAPTURE(row.directives);
    CHECK(ask_with(std::string(row.directives), row.question) == row.answer);
  }
}

TEST_CASE("template: tried in order; fallthrough tries the next") {
  const std::string directives =
      "template IN A {\nmatch ^a[.]\nanswer \"{{ .Name }} 1 IN A 192.0.2.1\"\n"
      "fallthrough b.example\n}\n"
      "template IN A {\nanswer \"{{ .Name }} 2 IN A 192.0.2.2\"\n}\n";
  CHECK(ask_with(directives, "a.example. A") ==
        "NOERROR aa rd\na.example. 1 IN A 192.0.2.1\n");
  CHECK(ask_with(directives, "x.b.example. A") ==
        "NOERROR aa rd\nx.b.example. 2 IN A 192.0.2.2\n");
  const std::string failed = ask_with(directives, "x.example. A +edns");
  CHECK(
      failed.starts_with("SERVFAIL rd\n; edns 1232 ede=0 \"the template at "));
  CHECK(
      failed.ends_with("Corefile:3 does not match this name and has no "
                       "fallthrough\"\n"));
}

TEST_CASE("template: texts that are no record are SERVFAIL, and counted") {
  for (const std::string text :
       {"{{ .Name }}", "{{ .Name }} 60 IN A {{ .Name }}",
        "{{ index .Match 3 }} 60 IN A 192.0.2.1",
        "{{ .Group.a }}. 60 IN A 192.0.2.1"}) {
    CAPTURE(text);
    for (const char* section : {"answer", "authority", "additional"}) {
      TestServer server(kCluster);
      server.use_plan(
          plan_of("template IN A {\n" + (section + (" \"" + text)) + "\"\n}"));
      CHECK(server.ask("a.example. A") == "SERVFAIL rd\n");
      CHECK(server.counters().template_failures.value() == 1);
      CHECK(server.counters().template_answers.value() == 0);
    }
  }
}

TEST_CASE("template: before the zones, after the cache, per block") {
  TestServer server(kCluster);
  server.use_plan(plan_of_file(
      Corefiles(".:53 {\nkubernetes cluster.local\ncache\nforward . 192.0.2.1\n"
                "template IN A {\nmatch ^(web|t)[.]\n"
                "answer \"{{ .Name }} 7 IN A 192.0.2.9\"\nfallthrough\n}\n}\n"
                "other.example:53 {\nforward . 192.0.2.1\n}\n")));
  CHECK(server.ask("web.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\nweb.prod.svc.cluster.local. 7 IN A 192.0.2.9\n");
  server.advance(std::chrono::seconds(5));
  CHECK(server.ask("web.prod.svc.cluster.local. A") ==
        "NOERROR aa rd ra\nweb.prod.svc.cluster.local. 7 IN A 192.0.2.9\n");
  CHECK(server.counters().template_answers.value() == 2);
  CHECK(server.counters().cache_hits.value() == 0);
  server.upstreams().answer("t.other.example. A",
                            "t.other.example. 9 IN A 192.0.2.1\n");
  CHECK(server.ask("t.other.example. A") ==
        "NOERROR rd ra\nt.other.example. 9 IN A 192.0.2.1\n");
  server.upstreams().answer("x.example. A", "x.example. 9 IN A 192.0.2.1\n");
  CHECK(server.ask("x.example. A") ==
        "NOERROR rd ra\nx.example. 9 IN A 192.0.2.1\n");
  // A new plan holds at once.
  server.use_plan(plan_of("template IN A {\nrcode NXDOMAIN\n}"));
  CHECK(server.ask("x.example. A") == "NXDOMAIN aa rd\n");
}

constexpr std::string_view kAlias =
    "template IN ANY example {\nmatch ^(?P<n>.*)[.]example[.]$\n"
    "answer \"{{ .Name }} 60 IN CNAME {{ .Group.n }}\"\n"
    "authority \"example. 60 IN NS ns.example.\"\n}\n";

TEST_CASE("template: a CNAME of the cluster is followed for addresses") {
  TestServer server(kCluster);
  server.use_plan(plan_of(std::string(kAlias)));
  CHECK(server.ask("web.prod.svc.cluster.local.example. A") ==
        "NOERROR aa rd\n"
        "web.prod.svc.cluster.local.example. 60 IN CNAME "
        "web.prod.svc.cluster.local.\n"
        "web.prod.svc.cluster.local. 30 IN A 10.96.0.1\n"
        "; authority\nexample. 60 IN NS ns.example.\n");
  CHECK(server.ask("no.prod.svc.cluster.local.example. AAAA") ==
        "NXDOMAIN aa rd\n"
        "no.prod.svc.cluster.local.example. 60 IN CNAME "
        "no.prod.svc.cluster.local.\n"
        "; authority\nexample. 60 IN NS ns.example.\n");
  CHECK(server.ask("web.prod.svc.cluster.local.example. TXT") ==
        "NOERROR aa rd\n"
        "web.prod.svc.cluster.local.example. 60 IN CNAME "
        "web.prod.svc.cluster.local.\n"
        "; authority\nexample. 60 IN NS ns.example.\n");
  // No upstreams: the client has to ask for the rest.
  CHECK(server.ask("a.net.example. A") ==
        "NOERROR aa rd\na.net.example. 60 IN CNAME a.net.\n"
        "; authority\nexample. 60 IN NS ns.example.\n");
}

TEST_CASE("template: upstreams are asked for a CNAME's target") {
  TestServer server("service prod/out external-name a.net\n");
  server.use_plan(
      plan_of("cache\nforward . 192.0.2.1\n" + std::string(kAlias)));
  server.upstreams().answer("a.net. A", "a.net. 9 IN A 192.0.2.1\n");
  for (int time = 0; time < 2; ++time) {
    CHECK(server.ask("a.net.example. A") ==
          "NOERROR aa rd ra\na.net.example. 60 IN CNAME a.net.\n"
          "a.net. 9 IN A 192.0.2.1\n");
    CHECK(server.upstreams().asked().size() == 1);
  }
  CHECK(server.ask("out.prod.svc.cluster.local.example. A") ==
        "NOERROR aa rd ra\n"
        "out.prod.svc.cluster.local.example. 60 IN CNAME "
        "out.prod.svc.cluster.local.\n"
        "out.prod.svc.cluster.local. 30 IN CNAME a.net.\n"
        "a.net. 9 IN A 192.0.2.1\n");
  // What was cached does not outlive the plan.
  server.use_plan(
      plan_of("cache\nforward . 192.0.2.1\n"
              "template IN A {\nrcode NXDOMAIN\n}"));
  CHECK(server.ask("a.net.example. A") == "NXDOMAIN aa rd ra\n");
}

TEST_CASE("template: names that may not be loaded yet are not denied") {
  const auto server = TestServer::not_complete();
  server->use_plan(plan_of(std::string(kAlias)));
  CHECK(server->ask("web.prod.svc.cluster.local.example. A") ==
        "SERVFAIL rd\n");
}

}  // namespace
}  // namespace canopy
