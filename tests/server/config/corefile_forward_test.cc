// The directives forward and cache of a Corefile as settings, and their errors.
#include <doctest/doctest.h>

#include "server/config/text_values.h"
#include "tests/server/config/corefiles.h"

namespace canopy {
namespace {

ServerBlock block_of(const std::string& directives) {
  CorefileSettings result = one_block(directives).read();
  for (const std::string& fault : result.faults) FAIL_CHECK(fault);
  return std::move(result.settings.blocks.at(0));
}

std::string names_text(const std::vector<Name>& names) {
  std::string text;
  for (const Name& name : names) text += " " + name.to_text();
  return text;
}

// ". -> 192.0.2.1:53 /etc/resolv.conf, except a. b."
std::string rule_text(const ForwardRule& rule) {
  std::string text = rule.from.to_text() + " ->";
  for (const ForwardTarget& target : rule.to) {
    const auto* const server = std::get_if<SocketAddress>(&target);
    text += " ";
    text += server ? to_text(*server) : std::get<std::string>(target);
  }
  if (!rule.except.empty()) text += ", except" + names_text(rule.except);
  if (rule.order == UpstreamOrder::kAsWritten) text += ", as written";
  if (rule.first_transport == Transport::kTcp) text += ", TCP";
  return text;
}

std::string rule_of(const std::string& directive) {
  return rule_text(block_of(directive).forwards.at(0));
}

TEST_CASE("forward has a domain and upstreams") {
  CHECK(rule_of("forward . /etc/resolv.conf") == ". -> /etc/resolv.conf");
  CHECK(rule_of("forward . 192.0.2.1 192.0.2.2:5353 2001:db8::1 "
                "[2001:db8::1]:54 [2001:db8::2] dns://192.0.2.3 "
                "dns://192.0.2.4:55 dns://[2001:db8::3]:56") ==
        ". -> 192.0.2.1:53 192.0.2.2:5353 [2001:db8::1]:53 [2001:db8::1]:54 "
        "[2001:db8::2]:53 192.0.2.3:53 192.0.2.4:55 [2001:db8::3]:56");
  CHECK(rule_of("forward corp.example ./resolv.conf 192.0.2.1") ==
        "corp.example. -> ./resolv.conf 192.0.2.1:53");
  CHECK(rule_of("forward 10.0.0.0/8 192.0.2.1 192.0.2.1") ==
        "10.in-addr.arpa. -> 192.0.2.1:53");
}

TEST_CASE("the options of forward") {
  CHECK(rule_of("forward . 192.0.2.1 {\n except a.example 10.0.0.0/15\n"
                " except b.example\n force_tcp\n policy sequential\n}") ==
        ". -> 192.0.2.1:53, except a.example. 0.10.in-addr.arpa. "
        "1.10.in-addr.arpa. b.example., as written, TCP");
  CHECK(rule_of("forward . 192.0.2.1 {\n prefer_udp\n policy random\n"
                " max_concurrent 1000\n max_fails 0\n expire 10s\n"
                " health_check 0.5s no_rec domain example.org\n"
                " read_timeout 500ms\n max_age 1h\n max_idle_conns 3\n"
                " max_connect_attempts 1\n failover SERVFAIL REFUSED\n"
                " failfast_all_unhealthy_upstreams\n}") == ". -> 192.0.2.1:53");
  CHECK(rule_of("forward . 192.0.2.1 {\n policy round_robin\n}") ==
        ". -> 192.0.2.1:53");
}

TEST_CASE("several forwards in a block keep their order and place") {
  const ServerBlock block = block_of(
      "forward a.example 192.0.2.1 {\n force_tcp\n}\nforward . 192.0.2.2");
  REQUIRE(block.forwards.size() == 2);
  CHECK(rule_text(block.forwards[0]) == "a.example. -> 192.0.2.1:53, TCP");
  CHECK(rule_text(block.forwards[1]) == ". -> 192.0.2.2:53");
  CHECK(block.forwards[1].at.ends_with("Corefile:5"));
  CHECK(block.at.ends_with("Corefile:1"));
}

TEST_CASE("forward over TLS: ports, names and files") {
  const auto tls_of = [](const std::string& directive) {
    const ServerBlock block = block_of(directive);
    const ForwardRule& rule = block.forwards.at(0);
    CHECK(rule.first_transport == Transport::kTcp);
    const ForwardTls tls = rule.tls.value();
    return to_text(std::get<SocketAddress>(rule.to.at(0))) + ' ' +
           tls.server_name + ' ' + tls.authorities + ' ' + tls.certificate +
           ' ' + tls.key;
  };
  CHECK(tls_of("forward . tls://192.0.2.1") == "192.0.2.1:853    ");
  CHECK(tls_of("forward . tls://192.0.2.1:8853") == "192.0.2.1:8853    ");
  CHECK(tls_of("forward . tls://[2001:db8::1]") == "[2001:db8::1]:853    ");
  CHECK(tls_of("forward . tls://192.0.2.1%dns.example") ==
        "192.0.2.1:853 dns.example   ");
  CHECK(tls_of("forward . tls://192.0.2.1%dns.example:8853") ==
        "192.0.2.1:8853 dns.example   ");
  CHECK(tls_of("forward . tls://192.0.2.1 {\n tls_servername dns.example\n}") ==
        "192.0.2.1:853 dns.example   ");
  CHECK(tls_of("forward . tls://192.0.2.1 {\n tls\n}") == "192.0.2.1:853    ");
  CHECK(tls_of("forward . tls://192.0.2.1 {\n tls /ca\n}") ==
        "192.0.2.1:853  /ca  ");
  CHECK(tls_of("forward . tls://192.0.2.1 {\n tls /c /k\n}") ==
        "192.0.2.1:853   /c /k");
  CHECK(tls_of("forward . tls://192.0.2.1 {\n tls /c /k /ca\n}") ==
        "192.0.2.1:853  /ca /c /k");
}

TEST_CASE("faults of forward say what to write") {
  std::string sixteen = "forward .";
  for (int i = 1; i <= 16; ++i) sixteen += " 192.0.2." + std::to_string(i);
  struct Row {
    std::string directive;
    std::string fault;
  };
  for (const Row& row : std::vector<Row>{
           {"forward .", "2: forward: takes at least 2, not 1"},
           {sixteen, "2: forward: takes at most 16, not 17"},
           {"forward . https://192.0.2.1",
            "2: forward: \"https://192.0.2.1\" is not supported: queries are "
            "forwarded over UDP, TCP and TLS; give an IP address, or tls:// "
            "with one"},
           {"forward . tls://192.0.2.1 192.0.2.2",
            "2: forward: \"192.0.2.2\": upstreams with and without tls:// in "
            "one forward are not supported; give all of them tls://, or none"},
           {"forward . tls://192.0.2.1 {\ntls a b c d\n}",
            "3: forward: tls: takes at most 3, not 4"},
           {"forward . dns.example",
            "2: forward: \"dns.example\" is a host name, which is not "
            "supported yet; give its IP address, or a file with its folder, "
            "such as /etc/resolv.conf"},
           {"forward . dns.example:5353",
            "2: forward: \"dns.example:5353\" is a host name, which is not "
            "supported yet; give its IP address, or a file with its folder, "
            "such as /etc/resolv.conf"},
           {"forward . 192.0.2.256",
            "2: forward: \"192.0.2.256\" is not a server; give an IP address, "
            "IP:port or [IPv6]:port"},
           {"forward . 192.0.2.1:0",
            "2: forward: \"192.0.2.1:0\" has no port from 1 to 65535 after the "
            "address"},
           {"forward 10.0.0.0/15 192.0.2.1",
            "2: forward: \"10.0.0.0/15\" is 2 reverse zones; write one forward "
            "for each, such as forward 0.10.in-addr.arpa"},
           {"forward . 192.0.2.1 {\npolicy fastest\n}",
            "3: forward: policy: \"fastest\" is not one of random, round_robin "
            "or sequential"},
           {"forward . 192.0.2.1 {\nforce_tpc\n}",
            "3: forward: force_tpc: unknown option; did you mean force_tcp?"},
           {"forward . 192.0.2.1 {\nforce_tcp yes\n}",
            "3: forward: force_tcp: takes no argument, not 1"},
           {"forward . 192.0.2.1 {\nmax_concurrent many\n}",
            "3: forward: max_concurrent: \"many\" is not a number from 0 to "
            "2147483647"},
           {"forward . 192.0.2.1 {\nexpire 10\n}",
            "3: forward: expire: \"10\" is not a duration; give a number with "
            "a unit (ms, s, m or h), such as 2s"},
           {"forward . 192.0.2.1 {\nfailover NXDOMAIN\n}",
            "3: forward: failover: \"NXDOMAIN\" is not supported; the next "
            "upstream is tried after SERVFAIL, REFUSED, NOTIMP and FORMERR; "
            "remove the line"},
           {"forward . 192.0.2.1 {\nnext NXDOMAIN\n}",
            "3: forward: next: is not supported: a query is only forwarded by "
            "the first forward for its name; list all upstreams in one "
            "forward"},
       }) {
    CHECK(one_block(row.directive).faults() == "Corefile:" + row.fault + "\n");
  }
}

TEST_CASE("cache sets the bounds of TTLs") {
  const auto text = [](const std::string& directive) {
    const CacheSettings cache = block_of(directive).cache.value();
    const auto range = [](const TtlRange& ttl) {
      return std::to_string(ttl.least) + ".." + std::to_string(ttl.most);
    };
    return range(cache.positive) + " " + range(cache.negative) +
           names_text(cache.domains) + " /" + names_text(cache.not_positive) +
           " /" + names_text(cache.not_negative);
  };
  CHECK(text("cache") == "0..3600 0..1800 / /");
  CHECK(text("cache 30") == "0..30 0..30 / /");
  CHECK(text("cache 30 a.example 10.0.0.0/15") ==
        "0..30 0..30 a.example. 0.10.in-addr.arpa. 1.10.in-addr.arpa. / /");
  CHECK(text("cache a.example") == "0..3600 0..1800 a.example. / /");
  CHECK(text("cache {\n success 9984 30\n denial 9984 5 1\n}") ==
        "0..30 1..5 / /");
  CHECK(text("cache 30 {\n success 9984\n denial 9984 5\n}") ==
        "0..30 0..5 / /");
  CHECK(text("cache 30 {\n disable success a.example b.example\n"
             " disable denial\n}") ==
        "0..30 0..30 / a.example. b.example. / .");
  CHECK(text("cache {\n prefetch 10 1m 10%\n serve_stale 1h immediate\n"
             " servfail 0\n serve_stale_policy prefer_positive\n}") ==
        "0..3600 0..1800 / /");
  CHECK_FALSE(block_of("errors").cache.has_value());
}

TEST_CASE("the cache has room for the sum of the capacities") {
  const auto entries = [](const std::string& text, std::size_t flag) {
    Settings flags;
    flags.cache.entries = flag;
    return Corefiles(text).read(flags).settings.cache.entries;
  };
  const std::string block =
      " {\n cache {\n  success 9000\n  denial 3000\n }\n}\n";
  CHECK(entries("." + block, 10'000) == 12'000);
  CHECK(entries("." + block + "a" + block, 10'000) == 24'000);
  CHECK(entries("." + block, 20'000) == 20'000);
  CHECK(entries(". {\n cache\n}\n", 10'000) == 10'000);
}

TEST_CASE("faults of cache say what to write") {
  struct Row {
    std::string directive;
    std::string fault;
  };
  for (const Row& row : std::vector<Row>{
           {"cache 0", "2: cache: \"0\" is not a number from 1 to 31536000"},
           {"cache 30\ncache 30",
            "3: cache: is already at Corefile:2; a server block may have it "
            "only once"},
           {"cache {\nsucess 9\n}",
            "3: cache: sucess: unknown option; did you mean success?"},
           {"cache {\nsuccess\n}",
            "3: cache: success: takes at least 1, not 0"},
           {"cache {\ndenial many\n}",
            "3: cache: denial: \"many\" is not a number from 0 to 100000000"},
           {"cache {\ndenial 9 0\n}",
            "3: cache: denial: \"0\" is not a number from 1 to 31536000"},
           {"cache {\ndisable all\n}",
            "3: cache: disable: \"all\" is not success or denial"},
           {"cache {\nkeepttl\n}",
            "3: cache: keepttl: is not supported: TTLs of cached answers "
            "always count down, so that clients do not keep them too long; "
            "remove the line"},
       }) {
    CHECK(one_block(row.directive).faults() == "Corefile:" + row.fault + "\n");
  }
}

}  // namespace
}  // namespace canopy
