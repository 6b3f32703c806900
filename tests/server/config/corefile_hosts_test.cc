// The directive hosts of a Corefile as settings, and its errors.
#include <doctest/doctest.h>

#include "tests/server/config/corefiles.h"

namespace canopy {
namespace {

HostsSettings hosts_of(const std::string& directives) {
  CorefileSettings result = one_block(directives).read();
  for (const std::string& fault : result.faults) FAIL_CHECK(fault);
  REQUIRE(result.settings.blocks.size() == 1);
  REQUIRE(result.settings.blocks[0].hosts);
  return *result.settings.blocks[0].hosts;
}

std::string hosts_faults(const std::string& directives) {
  return one_block(directives).faults();
}

std::vector<Name> domains(std::initializer_list<const char*> texts) {
  std::vector<Name> names;
  names.reserve(texts.size());
  for (const char* text : texts) names.push_back(*Name::from_text(text));
  return names;
}

TEST_CASE("hosts alone serves /etc/hosts, and nothing falls through") {
  const HostsSettings hosts = hosts_of("hosts");
  CHECK(hosts == HostsSettings());
  CHECK(hosts.file == "/etc/hosts");
  CHECK(hosts.ttl == 3600);
  CHECK(hosts.reverse);
  CHECK(hosts_of("hosts {\n}") == hosts);
}

TEST_CASE("hosts with a file, zones and options") {
  const HostsSettings hosts = hosts_of(
      "hosts /etc/coredns/NodeHosts corp.example 10.0.0.0/8 {\n"
      "  ttl 60\n"
      "  reload 1.5h\n"
      "  no_reverse\n"
      "  fallthrough corp.example 10.0.0.0/15\n"
      "  fallthrough_unsupported\n"
      "}");
  CHECK(hosts.file == "/etc/coredns/NodeHosts");
  CHECK(hosts.domains == domains({"corp.example", "10.in-addr.arpa"}));
  CHECK(hosts.ttl == 60);
  CHECK_FALSE(hosts.reverse);
  CHECK(hosts.fall_through ==
        domains({"corp.example", "0.10.in-addr.arpa", "1.10.in-addr.arpa"}));
  CHECK(hosts.other_types_fall_through);
  CHECK(hosts_of("hosts {\nfallthrough\n}").fall_through == domains({"."}));
  CHECK(hosts_of("hosts {\nreload 0\nreload 0s\n}") == HostsSettings());
}

TEST_CASE("lines that are no options are lines of a hosts file") {
  const HostsSettings hosts = hosts_of(
      "hosts {\n"
      "  # name: see the wiki\n"
      "  192.168.30.5   vault.corp.example vault # note\n"
      "  fe80::1%eth0 \"ldap\"\n"
      "  ttl 120\n"
      "  tttl 120\n"
      "  10.0.0.1\n"
      "  fallthrough\n"
      "}");
  CHECK(hosts.lines ==
        "192.168.30.5 vault.corp.example vault\n"
        "fe80::1%eth0 ldap\n"
        "tttl 120\n"
        "10.0.0.1 \n");
  CHECK(hosts.ttl == 120);
}

TEST_CASE("cache caps the TTL of hosts, as it does in CoreDNS") {
  const auto ttl = [](const std::string& cache) {
    return hosts_of("hosts {\n ttl 100\n}\ncache " + cache).ttl;
  };
  CHECK(ttl("30") == 30);
  CHECK(ttl("300") == 100);
  CHECK(ttl("30 {\n disable success cluster.local\n}") == 30);
  CHECK(ttl("30 {\n disable success\n}") == 100);
  CHECK(ttl("30 corp.example") == 100);
}

TEST_CASE("errors of hosts") {
  CHECK(hosts_faults("hosts\nhosts /etc/coredns/NodeHosts") ==
        "Corefile:3: hosts: is already at Corefile:2; a server block may have "
        "it only once\n");
  CHECK(hosts_faults("hosts {\n ttl 0\n ttl 65536\n ttl 30s\n ttl\n}").size() >
        0);
  CHECK(hosts_faults("hosts {\n ttl 0\n}") ==
        "Corefile:3: hosts: ttl: \"0\" is not a number from 1 to 65535\n");
  CHECK(hosts_faults("hosts {\n fallthrough\n 10.0.0.1 a\n}") ==
        "Corefile:4: hosts: 10.0.0.1: write addresses before fallthrough\n");
  CHECK(hosts_faults("hosts {\n fallthrough\n tttl 60\n}") ==
        "Corefile:4: hosts: tttl: unknown option; did you mean ttl?\n");
  CHECK(hosts_faults("hosts {\n fallthrough_unsupported\n}") ==
        "Corefile:2: hosts: fallthrough_unsupported has no effect without "
        "fallthrough; add fallthrough\n");
  CHECK(hosts_faults("hosts {\n reload 5\n}")
            .starts_with("Corefile:3: hosts: reload: \"5\" is not a duration"));
  CHECK(hosts_faults("hosts /etc/hosts a..b")
            .starts_with("Corefile:2: hosts: \"a..b\" "));
  CHECK(hosts_faults("hosts {\n no_reverse yes\n}") ==
        "Corefile:3: hosts: no_reverse: takes no argument, not 1\n");
}

}  // namespace
}  // namespace canopy
