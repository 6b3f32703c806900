// What a table of hosts answers, as text: the file, the question, the answer.
#include "server/plan/hosts_table.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "server/config/hosts_lines.h"
#include "tests/support/message_text.h"
#include "tests/support/query_message.h"
#include "zones/message_writer.h"

namespace canopy {
namespace {

HostsTable hosts_table(std::string_view lines, HostsRules rules = {}) {
  const std::vector<Name> domains = rules.domains;
  return {read_hosts_lines(lines, {.domains = domains, .ttl = 60}).records,
          std::move(rules)};
}

std::vector<Name> names(std::initializer_list<const char*> texts) {
  std::vector<Name> names;
  names.reserve(texts.size());
  for (const char* text : texts) names.push_back(*Name::from_text(text));
  return names;
}

std::string lookup(const HostsTable& table, std::string_view question) {
  const Query query = test::query_from_text(question);
  Answer answer;
  switch (table.find(query.qname, query.qtype, answer)) {
    case HostsTable::Found::kNothing:
      CHECK(answer.entries.empty());
      return "goes on";
    case HostsTable::Found::kLacksName:
      CHECK(answer.entries.empty());
      return "lacks the name";
    case HostsTable::Found::kAnswer:
      break;
  }
  MessageWriter writer;
  return test::message_text(encode_answer(query, answer, 0, writer).message);
}

constexpr std::string_view kLines =
    "# the office\n"
    "192.168.30.5   vault.corp.example Vault # and its short name\n"
    "192.168.30.6   ldap.corp.example\n"
    "192.168.30.7   ldap.corp.example\n"
    "2001:db8:30::6 ldap.corp.example\n";

TEST_CASE("a name of a hosts file has its addresses, in any case") {
  const HostsTable table = hosts_table(kLines);
  CHECK(lookup(table, "vault A") ==
        "NOERROR aa\nvault. 60 IN A 192.168.30.5\n");
  CHECK(lookup(table, "VAULT.corp.Example A") ==
        "NOERROR aa\nVAULT.corp.Example. 60 IN A 192.168.30.5\n");
  CHECK(lookup(table, "ldap.corp.example A") ==
        "NOERROR aa\n"
        "ldap.corp.example. 60 IN A 192.168.30.6\n"
        "ldap.corp.example. 60 IN A 192.168.30.7\n");
  CHECK(lookup(table, "ldap.corp.example AAAA") ==
        "NOERROR aa\nldap.corp.example. 60 IN AAAA 2001:db8:30::6\n");
}

TEST_CASE("a name without the type asked for has no data, and no SOA") {
  const HostsTable table = hosts_table(kLines);
  CHECK(lookup(table, "vault AAAA") == "NOERROR aa\n");
  CHECK(lookup(table, "vault TXT") == "NOERROR aa\n");
  CHECK(lookup(table, "vault SOA") == "NOERROR aa\n");
  CHECK(lookup(table, "vault ANY") ==
        "NOERROR aa\nvault. 60 IN A 192.168.30.5\n");
}

TEST_CASE("an address leads back to all of its names, in lower case") {
  const HostsTable table = hosts_table(kLines);
  CHECK(lookup(table, "5.30.168.192.in-addr.arpa PTR") ==
        "NOERROR aa\n"
        "5.30.168.192.in-addr.arpa. 60 IN PTR vault.\n"
        "5.30.168.192.in-addr.arpa. 60 IN PTR vault.corp.example.\n");
  CHECK(lookup(table,
               "6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.0.0.8.b.d.0.1.0.0."
               "2.ip6.arpa PTR")
            .find("PTR ldap.corp.example.") != std::string::npos);
  // Another server may know it, even when names do not fall through.
  CHECK(lookup(table, "9.30.168.192.in-addr.arpa PTR") == "goes on");
  CHECK(lookup(table, "vault PTR") == "goes on");
}

TEST_CASE("names that the table lacks fall through only as configured") {
  CHECK(lookup(hosts_table(kLines), "www.example.com A") == "lacks the name");
  CHECK(lookup(hosts_table(""), "www.example.com A") == "lacks the name");
  // A name above, below and beside a name of the table.
  for (const char* name : {"corp.example A", "x.vault A", "vaults A", ". A"}) {
    CAPTURE(name);
    CHECK(lookup(hosts_table(kLines), name) == "lacks the name");
    CHECK(lookup(hosts_table(kLines, {.fall_through = names({"."})}), name) ==
          "goes on");
  }
  const HostsTable some =
      hosts_table(kLines, {.fall_through = names({"example.com", "test"})});
  CHECK(lookup(some, "www.Example.com A") == "goes on");
  CHECK(lookup(some, "www.test TXT") == "goes on");
  CHECK(lookup(some, "www.example.net A") == "lacks the name");
}

TEST_CASE("only names of the domains are served, and their reverse names") {
  const HostsTable table =
      hosts_table(kLines, {.domains = names({"Corp.example"})});
  CHECK(lookup(table, "vault.corp.example A") != "goes on");
  CHECK(lookup(table, "vault A") == "goes on");
  CHECK(lookup(table, "www.corp.example A") == "lacks the name");
  CHECK(lookup(table, "5.30.168.192.in-addr.arpa PTR") ==
        "NOERROR aa\n"
        "5.30.168.192.in-addr.arpa. 60 IN PTR vault.corp.example.\n");
}

TEST_CASE("other types of known names fall through when configured so") {
  const HostsTable table =
      hosts_table(kLines, {.fall_through = names({"corp.example"}),
                           .other_types_fall_through = true});
  CHECK(lookup(table, "vault.corp.example HTTPS") == "goes on");
  CHECK(lookup(table, "vault.corp.example AAAA") == "NOERROR aa\n");
  CHECK(lookup(table, "vault HTTPS") == "NOERROR aa\n");
}

TEST_CASE("a wildcard stands for one label that has no own addresses") {
  const HostsTable table = hosts_table(
      "192.168.1.10 *.example.com\n"
      "192.168.1.11 a.example.com\n"
      "2001:db8::b  b.example.com\n");
  CHECK(lookup(table, "apps.example.com A") ==
        "NOERROR aa\napps.example.com. 60 IN A 192.168.1.10\n");
  CHECK(lookup(table, "a.example.com A") ==
        "NOERROR aa\na.example.com. 60 IN A 192.168.1.11\n");
  CHECK(lookup(table, "b.example.com A") ==
        "NOERROR aa\nb.example.com. 60 IN A 192.168.1.10\n");
  CHECK(lookup(table, "apps.example.com AAAA") == "NOERROR aa\n");
  CHECK(lookup(table, "example.com A") == "lacks the name");
  CHECK(lookup(table, "deep.apps.example.com A") == "lacks the name");
  CHECK(lookup(table, "10.1.168.192.in-addr.arpa PTR") == "goes on");
}

TEST_CASE("an address that stands twice is one record") {
  const HostsTable table = hosts_table(
      "10.0.0.1 a a\n"
      "10.0.0.1 A\n"
      "::ffff:10.0.0.1 a\n");
  CHECK(lookup(table, "a A") == "NOERROR aa\na. 60 IN A 10.0.0.1\n");
  CHECK(lookup(table, "a AAAA") == "NOERROR aa\n");
  CHECK(lookup(table, "1.0.0.10.in-addr.arpa PTR") ==
        "NOERROR aa\n1.0.0.10.in-addr.arpa. 60 IN PTR a.\n");
}

TEST_CASE("the records of one name and type are bounded") {
  std::string lines;
  for (int i = 0; i < 1'000; ++i) {
    lines += "0.0.0.0 ads" + std::to_string(i) + ".example\n";
  }
  const HostsTable table = hosts_table(lines);
  CHECK(table.records() == 1'000 + HostsTable::kMostRecords);
  CHECK(table.records_left_out() == 1'000 - HostsTable::kMostRecords);
  CHECK(lookup(table, "ads999.example A") ==
        "NOERROR aa\nads999.example. 60 IN A 0.0.0.0\n");
  const std::string back = lookup(table, "0.0.0.0.in-addr.arpa PTR");
  CHECK(std::ranges::count(back, '\n') == 1 + HostsTable::kMostRecords);
}

TEST_CASE("tables are equal when they answer the same") {
  const auto shared = [](std::string_view lines, HostsRules rules = {}) {
    return SharedHosts{std::make_shared<const HostsTable>(
        hosts_table(lines, std::move(rules)))};
  };
  CHECK(SharedHosts{} == SharedHosts{});
  CHECK(shared("10.0.0.1 a\n10.0.0.2 b\n") ==
        shared("# b first\n10.0.0.2 b\n10.0.0.1 A\n"));
  CHECK(shared("10.0.0.1 a") != SharedHosts{});
  CHECK(shared("10.0.0.1 a") != shared("10.0.0.2 a"));
  CHECK(shared("10.0.0.1 a") != shared("10.0.0.1 b"));
  CHECK(shared("10.0.0.1 a") !=
        shared("10.0.0.1 a", {.fall_through = names({"."})}));
}

}  // namespace
}  // namespace canopy
