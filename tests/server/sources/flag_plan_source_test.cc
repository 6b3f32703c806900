// The sources of upstreams: flags, resolv.conf and the config folder.
#include "server/sources/flag_plan_source.h"

#include <doctest/doctest.h>

#include "healthz/configuration_error.h"
#include "server/config/resolv_conf.h"
#include "server/config/text_values.h"
#include "tests/server/scripted_upstream.h"
#include "tests/server/test_folder.h"

namespace canopy {
namespace {

using std::chrono::steady_clock;

SocketAddress at(const std::string& text) { return server_value(text); }

UpstreamGroup group_for(const Plan& plan, const std::string& qname) {
  const Name name = *Name::from_text(qname);
  return plan.listener(0).block_for(name).upstreams.value();
}
std::vector<SocketAddress> servers_for(const PlanStore& store,
                                       const std::string& qname) {
  return group_for(*store.current(), qname).servers;
}

// Waits until another thread makes the condition true; fails after 20 s.
template <typename Condition>
bool eventually(Condition condition) {
  const auto end = steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

KubeDnsConfig parse(const std::string& upstreams, const std::string& stubs) {
  KubeDnsTexts texts;
  if (!upstreams.empty()) texts.upstream_nameservers = upstreams;
  if (!stubs.empty()) texts.stub_domains = stubs;
  return parse_config("/config", texts);
}

std::string refusal(const std::string& upstreams, const std::string& stubs) {
  try {
    parse(upstreams, stubs);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("resolv.conf: its nameserver lines, in order, each once") {
  const ResolvConf conf = parse_resolv_conf(
      "# nameserver 9.9.9.9\n"
      ";nameserver 9.9.9.8\n"
      "search example.com\n"
      "nameserver 10.0.0.1\n"
      "  nameserver\t2001:db8::1   # here\n"
      "nameserver 10.0.0.1\n"
      "nameserver fe80::1%lo\n"
      "nameserver fe80::1\n"
      "nameserver fe80::1%no-such\n"
      "nameserver localhost\n"
      "nameserver\n"
      "nameservers 9.9.9.7\n"
      "options rotate\n"
      "nameserver 10.0.0.2");
  CHECK(conf.nameservers ==
        std::vector<SocketAddress>{at("10.0.0.1"), at("2001:db8::1"),
                                   at("fe80::1%lo"), at("10.0.0.2")});
  CHECK(conf.ignored ==
        std::vector<std::string>{"fe80::1", "fe80::1%no-such", "localhost"});
}

TEST_CASE("the config folder speaks kube-dns") {
  const KubeDnsConfig config =
      parse(R"(["8.8.8.8", "1.2.3.4:5353", "[2001:db8::1]:53"])",
            R"({"acme.local": ["1.2.3.4", "[2001:db8::1]:10053", "ns.foo.com"],
                "corp.example": ["10.0.0.1:53"]})");
  CHECK(config.upstream_nameservers ==
        std::vector<SocketAddress>{at("8.8.8.8"), at("1.2.3.4:5353"),
                                   at("[2001:db8::1]:53")});
  REQUIRE(config.stub_domains.size() == 2);
  const StubDomain& acme = config.stub_domains[0];
  CHECK(acme.domain.to_text() == "acme.local.");
  REQUIRE(acme.servers.size() == 3);
  CHECK(std::get<SocketAddress>(acme.servers[0]) == at("1.2.3.4"));
  CHECK(std::get<SocketAddress>(acme.servers[1]) == at("[2001:db8::1]:10053"));
  CHECK(std::get<NamedServer>(acme.servers[2]).name.to_text() == "ns.foo.com.");
  CHECK_FALSE(parse("", "").upstream_nameservers.has_value());
  CHECK_FALSE(parse("[]", "{}").upstream_nameservers.has_value());
}

TEST_CASE("a bad config file is told by name, with what is wrong") {
  struct Row {
    std::string upstreams;
    std::string stubs;
    std::string text;
  };
  for (const Row& row : std::vector<Row>{
           {"[\"8.8.8.8\"", "",
            "/config/upstreamNameservers: is not JSON: Missing a comma or ']' "
            "after an array element. (at octet 11)"},
           {"{}", "",
            "/config/upstreamNameservers: is not a JSON list such as "
            "[\"8.8.8.8\", \"1.1.1.1\"]"},
           {"[8]", "",
            "/config/upstreamNameservers: has an item that is not a string; "
            "write \"8.8.8.8\""},
           {"[\"dns.example\"]", "",
            "/config/upstreamNameservers: has \"dns.example\", which is not a "
            "server; give an IP address, IP:port or [IPv6]:port"},
           {"[\"8.8.8.8:0\"]", "",
            "/config/upstreamNameservers: has \"8.8.8.8:0\", which has no "
            "port from 1 to 65535 after the address"},
           {R"(["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"])", "",
            "/config/upstreamNameservers: has 4 servers; at most 3 are "
            "allowed"},
           {"[\u201c8.8.8.8\u201d]", "",
            "/config/upstreamNameservers: is not JSON: Invalid value. (at "
            "octet 2): the quote \u201c (U+201C) is not valid in JSON; use \""},
           {"['8.8.8.8']", "",
            "/config/upstreamNameservers: is not JSON: Invalid value. (at "
            "octet 2): use \" instead of '"},
           {"", R"({"a.example": []})",
            "/config/stubDomains: has no server for \"a.example\"; give one, "
            "such as \"10.0.0.1\", or remove the domain"},
           {"", "[]",
            "/config/stubDomains: is not a JSON map such as "
            "{\"corp.example\": [\"10.0.0.1\"]}"},
           {"", R"({"a_b": ["1.1.1.1"]})",
            "/config/stubDomains: has the key \"a_b\", which is not a "
            "lower-case domain name"},
           {"", R"({"a.example": "1.1.1.1"})",
            "/config/stubDomains: has no list of servers for \"a.example\"; "
            "write {\"a.example\": [\"10.0.0.1\"]}"},
           {"", R"({"a.example": [1]})",
            "/config/stubDomains: has a server for \"a.example\" that is not "
            "a string"},
           {"", R"({"a.example": ["1.1.1.999"]})",
            "/config/stubDomains: has \"1.1.1.999\", which is not a server; "
            "give an IP address, IP:port or [IPv6]:port, or a DNS name"},
       }) {
    CHECK(refusal(row.upstreams, row.stubs) == row.text);
  }
  CHECK(refusal(std::string(300'000, '['), "").find("is not JSON") !=
        std::string::npos);
}

TEST_CASE("this server itself is known by address and port") {
  const SocketAddress loopback = at("127.0.0.1:53");
  CHECK(OwnAddresses{{}, 53}.include(loopback));
  CHECK(OwnAddresses{{}, 53}.include(at("[::1]:53")));
  CHECK(OwnAddresses{{address_value("0.0.0.0")}, 53}.include(loopback));
  CHECK_FALSE(OwnAddresses{{address_value("::")}, 53}.include(loopback));
  CHECK_FALSE(OwnAddresses{{}, 1053}.include(loopback));
  CHECK(OwnAddresses{{address_value("127.0.0.1")}, 53}.include(loopback));
  CHECK_FALSE(OwnAddresses{{address_value("127.0.0.2")}, 53}.include(loopback));
  CHECK_FALSE(OwnAddresses{{}, 53}.include(at("192.0.2.1:53")));
}

TEST_CASE("flags come before resolv.conf, the config folder before both") {
  const TestFolder folder;
  folder.write("resolv.conf", "nameserver 10.0.0.1\nnameserver 127.0.0.1\n");
  Settings settings;
  settings.forward.resolv_conf = folder.path("resolv.conf");
  PlanStore store;
  {
    const FlagPlanSource source(settings, store);
    // 127.0.0.1 port 53 is this server.
    CHECK(servers_for(store, "example.com") ==
          std::vector<SocketAddress>{at("10.0.0.1")});
  }
  settings.forward.nameservers = {at("10.0.0.2")};
  {
    const FlagPlanSource source(settings, store);
    CHECK(servers_for(store, "example.com") ==
          std::vector<SocketAddress>{at("10.0.0.2")});
  }
  settings.forward.kube_dns_folder = folder.path();
  folder.write("upstreamNameservers", R"(["10.0.0.3"])");
  folder.write("stubDomains", R"({"corp.example": ["10.0.0.4:99"]})");
  const FlagPlanSource source(settings, store);
  CHECK(servers_for(store, "example.com") ==
        std::vector<SocketAddress>{at("10.0.0.3")});
  CHECK(servers_for(store, "a.corp.example") ==
        std::vector<SocketAddress>{at("10.0.0.4:99")});
}

TEST_CASE("at start, a missing or bad file is a usage error") {
  const TestFolder folder;
  PlanStore store;
  const auto refusal_of = [&](const Settings& settings) {
    try {
      const FlagPlanSource source(settings, store);
    } catch (const ConfigurationError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  Settings settings;
  settings.forward.resolv_conf = folder.path("none");
  settings.forward.resolv_conf_is_default = false;
  CHECK(refusal_of(settings) ==
        folder.path("none") +
            ": cannot be read: No such file or directory; correct "
            "--resolv-conf or use --nameservers");
  // An unneeded file may be missing.
  settings.forward.nameservers = {at("10.0.0.1")};
  CHECK(refusal_of(settings) == "accepted");
  settings.forward.kube_dns_folder = folder.path("nowhere");
  CHECK(refusal_of(settings) ==
        folder.path("nowhere") +
            ": No such file or directory; create it or correct --config-dir");
  folder.write("file", "");
  settings.forward.kube_dns_folder = folder.path("file");
  CHECK(refusal_of(settings) ==
        folder.path("file") + ": is not a folder; correct --config-dir");
  folder.write("stubDomains", "{");
  settings.forward.kube_dns_folder = folder.path();
  CHECK(refusal_of(settings).find(folder.path("stubDomains") +
                                  ": is not JSON") == 0);
}

TEST_CASE("without the default resolv.conf, the reason is kept for clients") {
  const TestFolder folder;
  Settings settings;
  settings.forward.resolv_conf = folder.path("none");
  PlanStore store;
  const FlagPlanSource source(settings, store);
  CHECK(group_for(*store.current(), ".").why_none ==
        "no upstream is configured: " + folder.path("none") +
            ": cannot be read: No such file or directory");
}

TEST_CASE("a change of the ConfigMap is served, a bad one is not") {
  const TestFolder folder;
  folder.write("..1/upstreamNameservers", R"(["10.0.0.1"])");
  folder.write("..1/stubDomains", R"({"corp.example": ["10.0.0.4"]})");
  folder.link("..data", "..1");
  folder.link("upstreamNameservers", "..data/upstreamNameservers");
  folder.link("stubDomains", "..data/stubDomains");
  Settings settings;
  settings.forward.nameservers = {at("10.0.0.9")};
  settings.forward.kube_dns_folder = folder.path();
  PlanStore store;
  FlagPlanSource source(settings, store);
  source.start(std::nullopt);
  const auto general_is = [&](const std::string& server) {
    return servers_for(store, "example.com") ==
           std::vector<SocketAddress>{at(server)};
  };
  CHECK(general_is("10.0.0.1"));

  folder.write("..2/upstreamNameservers", R"(["10.0.0.2"])");
  folder.write("..2/stubDomains", R"({"corp.example": ["10.0.0.5"]})");
  folder.link("..data", "..2");
  CHECK(eventually([&] { return general_is("10.0.0.2"); }));
  CHECK(servers_for(store, "corp.example") ==
        std::vector<SocketAddress>{at("10.0.0.5")});

  // One bad key rejects the whole update.
  folder.write("..3/upstreamNameservers", R"(["10.0.0.3"])");
  folder.write("..3/stubDomains", R"({"corp.example": "10.0.0.6"})");
  folder.link("..data", "..3");
  source.reload();
  folder.write("..4/upstreamNameservers", R"(["10.0.0.4"])");
  // A removed key gets its default again.
  std::filesystem::remove(folder.path("stubDomains"));
  CHECK_FALSE(general_is("10.0.0.3"));
  folder.link("..data", "..4");
  CHECK(eventually([&] { return general_is("10.0.0.4"); }));
  CHECK(servers_for(store, "corp.example") ==
        std::vector<SocketAddress>{at("10.0.0.4")});
  std::filesystem::remove(folder.path("upstreamNameservers"));
  CHECK(eventually([&] { return general_is("10.0.0.9"); }));
}

TEST_CASE("a change of resolv.conf is taken up, where upstreams come from it") {
  const TestFolder folder;
  folder.write("resolv.conf", "nameserver 10.0.0.1\n");
  Settings settings;
  settings.forward.resolv_conf = folder.path("resolv.conf");
  PlanStore store;
  FlagPlanSource source(settings, store);
  source.start(std::nullopt);
  const auto general_is = [&](const std::string& server) {
    return servers_for(store, "a") == std::vector<SocketAddress>{at(server)};
  };
  SUBCASE("written in place") {
    folder.write("resolv.conf", "nameserver 10.0.0.2\n");
  }
  SUBCASE("replaced") {
    folder.write("new", "nameserver 10.0.0.2\n");
    std::filesystem::rename(folder.path("new"), folder.path("resolv.conf"));
  }
  SUBCASE("a symbolic link that moves") {
    folder.write("elsewhere", "nameserver 10.0.0.2\n");
    folder.link("resolv.conf", "elsewhere");
  }
  CHECK(eventually([&] { return general_is("10.0.0.2"); }));
  // A file without nameservers does not remove the known ones.
  folder.write("resolv.conf", "search example.com\n");
  folder.write("next", "nameserver 10.0.0.3\n");
  source.reload();
  CHECK(general_is("10.0.0.2"));
  std::filesystem::rename(folder.path("next"), folder.path("resolv.conf"));
  CHECK(eventually([&] { return general_is("10.0.0.3"); }));
}

TEST_CASE("SIGHUP re-reads resolv.conf") {
  const TestFolder folder;
  folder.write("resolv.conf", "nameserver 10.0.0.1\n");
  Settings settings;
  settings.forward.resolv_conf = folder.path("resolv.conf");
  PlanStore store;
  FlagPlanSource source(settings, store);
  source.start(std::nullopt);
  folder.write("resolv.conf", "nameserver 10.0.0.2\n");
  source.reload();
  CHECK(eventually([&] {
    return servers_for(store, "a") ==
           std::vector<SocketAddress>{at("10.0.0.2")};
  }));
}

TEST_CASE("stub domain servers given by name are looked up") {
  const auto answer = [](const Octets& question, Transport) {
    const bool is_a = question_type(question) == 1;  // not AAAA
    return Messages{reply_to(question, {.addresses = is_a ? 2 : 0})};
  };
  ScriptedUpstream general(answer);
  ScriptedUpstream zone_tier(answer);
  const TestFolder folder;
  folder.write("stubDomains",
               R"({"corp.example": ["ns.outside.example:5353", "10.9.9.9"],
                   "lab.example": ["dns.lab.svc.cluster.local"]})");
  Settings settings;
  settings.forward.nameservers = {general.endpoint()};
  settings.forward.kube_dns_folder = folder.path();
  settings.records.domain = *Name::from_text("cluster.local");
  PlanStore store;
  FlagPlanSource source(settings, store);
  CHECK(servers_for(store, "corp.example") ==
        std::vector<SocketAddress>{at("10.9.9.9")});
  CHECK(group_for(*store.current(), "lab.example").why_none ==
        "no server of stub domain lab.example. is known");
  source.start(zone_tier.endpoint());
  CHECK(eventually([&] {
    return servers_for(store, "a.corp.example") ==
               std::vector<SocketAddress>{
                   at("10.0.0.1:5353"), at("10.0.0.2:5353"), at("10.9.9.9")} &&
           servers_for(store, "lab.example") ==
               std::vector<SocketAddress>{at("10.0.0.1"), at("10.0.0.2")};
  }));
  CHECK(general.asked() == 2);
  CHECK(zone_tier.asked() == 2);
}

}  // namespace
}  // namespace canopy
