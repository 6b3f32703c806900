// How the lines of a hosts file become records.
#include "server/config/hosts_lines.h"

#include <doctest/doctest.h>

#include <string>

#include "healthz/configuration_error.h"
#include "zones/rrset.h"

namespace canopy {
namespace {

std::string records_of(std::string_view lines, HostsLineRules rules = {}) {
  rules.ttl = 60;
  const HostsLines read = read_hosts_lines(lines, rules);
  std::string text;
  for (std::size_t i = 0; i < read.records.size(); ++i) {
    const RecordView record = read.records[i];
    text += to_text(record.owner, record.type, record.ttl, record.rdata);
    text += '\n';
  }
  return text;
}

TEST_CASE("a line is an address and its names; a comment ends it") {
  CHECK(records_of("  10.0.0.1\tB.example  b. # c\n"
                   "\n"
                   "# 10.0.0.2 d\r\n"
                   "fe80::1%eth0 e#f\r\n",
                   {.reverse = false}) ==
        "b.example. 60 IN A 10.0.0.1\n"
        "b. 60 IN A 10.0.0.1\n"
        "e. 60 IN AAAA fe80::1\n");
  CHECK(records_of("10.0.0.1 last.line.without.end", {.reverse = false}) ==
        "last.line.without.end. 60 IN A 10.0.0.1\n");
  CHECK(records_of("").empty());
}

TEST_CASE("an IPv4 address in IPv6 form is an IPv4 address") {
  CHECK(records_of("::ffff:10.0.0.1 a\n") ==
        "a. 60 IN A 10.0.0.1\n"
        "1.0.0.10.in-addr.arpa. 60 IN PTR a.\n");
  CHECK(records_of("::10.0.0.1 a\n", {.reverse = false}) ==
        "a. 60 IN AAAA ::10.0.0.1\n");
}

TEST_CASE("wildcards have no reverse records; no_reverse leaves out all") {
  CHECK(records_of("10.0.0.1 *.apps.example x.*.example\n") ==
        "*.apps.example. 60 IN A 10.0.0.1\n"
        "x.*.example. 60 IN A 10.0.0.1\n"
        "1.0.0.10.in-addr.arpa. 60 IN PTR x.*.example.\n");
  CHECK(records_of("10.0.0.1 a\n", {.reverse = false}) ==
        "a. 60 IN A 10.0.0.1\n");
}

TEST_CASE("names outside the domains are left out") {
  CHECK(records_of("10.0.0.1 a.corp a.corporate corp b\n",
                   {.domains = {*Name::from_text("CORP")}, .reverse = false}) ==
        "a.corp. 60 IN A 10.0.0.1\n"
        "corp. 60 IN A 10.0.0.1\n");
}

TEST_CASE("bad lines are skipped and counted") {
  const std::string long_label(64, 'x');
  const HostsLines read = read_hosts_lines(
      "10.0.0.1 a\n"
      "10.0.0.256 b\n"
      "reload 5s\n"
      "10.0.0.2\n"
      "10.0.0.03 c\n"
      "10.0.0.4 " +
          long_label +
          " d\n"
          "10.0.0.5 e..f\n"
          "10.0.0.6 g\n",
      {.reverse = false});
  CHECK(read.bad_lines == 6);
  CHECK(read.first_bad_line == 2);
  CHECK(read.names == 3);
  CHECK(to_text(read.records[1].owner, read.records[1].type, 1,
                read.records[1].rdata) == "d. 1 IN A 10.0.0.4");
}

TEST_CASE("a file with too many names is refused") {
  std::string lines;
  for (std::size_t i = 0; i < kMostHostsNames / 10; ++i) {
    lines += "::1 a b c d e f g h i j\n";
  }
  const HostsLineRules rules{.reverse = false};
  CHECK(read_hosts_lines(lines, rules).names == kMostHostsNames);
  lines += "::1 k\n";
  CHECK_THROWS_WITH_AS(read_hosts_lines(lines, rules),
                       "has more than 200000 names", ConfigurationError);
}

}  // namespace
}  // namespace canopy
