// The keys of server blocks: their zones and ports, and keys that clash.
#include <doctest/doctest.h>

#include "server/config/corefile_zones.h"
#include "tests/server/config/corefiles.h"

namespace canopy {
namespace {

// "example.org.:53 example.net.:53" for the keys of all blocks, with / between
// blocks; the faults if there are any.
std::string keys_of(const Corefiles& files, std::uint16_t port = 53) {
  Settings flags;
  flags.listen.dns_port = port;
  const CorefileSettings result = files.read(flags);
  std::string text;
  for (const std::string& fault : result.faults) {
    text += files.without_folder(fault) + "\n";
  }
  if (!text.empty()) return text;
  for (const ServerBlock& block : result.settings.blocks) {
    if (!text.empty()) text += " /";
    for (const ServerKey& key : block.keys) {
      if (!text.empty()) text += " ";
      text += key.domain.to_text() + ":" + std::to_string(key.port);
    }
  }
  return text;
}

TEST_CASE("a key is a zone and a port") {
  struct Row {
    std::string key;
    std::string text;
  };
  for (const Row& row : std::vector<Row>{
           {".:53", ".:53"},
           {".", ".:53"},
           {"dns://.:53", ".:53"},
           {"dns://example.org", "example.org.:53"},
           {"example.org:5300", "example.org.:5300"},
           {"example.org.:5300", "example.org.:5300"},
           {"Example.ORG", "Example.ORG.:53"},
           {"a.example b.example:54", "a.example.:53 b.example.:54"},
           {"a.example, b.example", "a.example.:53 b.example.:53"},
           {"global", "global.:53"},
           {"_tcp.example", "_tcp.example.:53"},
           {"*.example.org", "*.example.org.:53"},
           {"hostname.bind", "hostname.bind.:53"},
           {"10.0.0.0/8", "10.in-addr.arpa.:53"},
           {"10.96.0.0/16:54", "96.10.in-addr.arpa.:54"},
           {"192.0.2.1/32", "1.2.0.192.in-addr.arpa.:53"},
           {"10.1.2.3/8", "10.in-addr.arpa.:53"},
           {"0.0.0.0/0", "in-addr.arpa.:53"},
           {"10.96.0.0/15", "96.10.in-addr.arpa.:53 97.10.in-addr.arpa.:53"},
           {"fd00::/8", "d.f.ip6.arpa.:53"},
           {"2001:db8::/32:54", "8.b.d.0.1.0.0.2.ip6.arpa.:54"},
           {"fd00::/7", "c.f.ip6.arpa.:53 d.f.ip6.arpa.:53"},
           {"::/0", "ip6.arpa.:53"},
       }) {
    CAPTURE(row.key);
    CHECK(keys_of(row.key + " {\n errors\n}\n") == row.text);
  }
  CHECK(zones_value("192.0.2.64/26").size() == 64);
  CHECK(zones_value("192.0.2.64/26").back().to_text() ==
        "127.2.0.192.in-addr.arpa.");
  CHECK(zones_value("128.0.0.0/1").size() == 128);
  CHECK(zones_value("128.0.0.0/1").back().to_text() == "255.in-addr.arpa.");
  CHECK(zones_value("fd00:0:0:8::/61").size() == 8);
  CHECK(zones_value("fd00:0:0:8::/61").back().to_text() ==
        "f.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.");
}

TEST_CASE("-dns.port is the port of keys without one") {
  CHECK(keys_of(". {\n}\na.example:54 {\n}\n", 5353) ==
        ".:5353 / a.example.:54");
  CHECK(keys_of(". {\n}\n", 0) == ".:0");
}

TEST_CASE("a bad key is an error that says what to write") {
  struct Row {
    std::string key;
    std::string fault;
  };
  for (const Row& row : std::vector<Row>{
           {":53",
            "key \":53\" has no zone before the port; write .:53 for all "
            "names"},
           {"example.org:",
            "key \"example.org:\" has no port after the colon; is a variable "
            "not set? Write one such as .:53"},
           {".:65536",
            "key \".:65536\" is not a port; give a number from 0 to 65535"},
           {"a..b",
            "key \"a..b\" is not a zone; give a domain such as example.org, or "
            "a network such as 10.0.0.0/8"},
           {"a.example,b.example",
            "key \"a.example,b.example\" is not a zone; give a domain such as "
            "example.org, or a network such as 10.0.0.0/8"},
           {"fd00::1",
            "key \"fd00::1\" is not a zone; give a domain such as example.org, "
            "or a network such as 10.0.0.0/8"},
           {"10.0.0.0/33",
            "key \"10.0.0.0/33\" is not a network; give one such as 10.0.0.0/8 "
            "or fd00::/8"},
           {"/etc/coredns",
            "key \"/etc/coredns\" is not a network; give one such as "
            "10.0.0.0/8 or fd00::/8"},
           {"tls://.:853",
            "key \"tls://.:853\" is not supported: queries are only accepted "
            "over plain DNS; write the key without tls://"},
           {"https://example.org",
            "key \"https://example.org\" is not supported: queries are only "
            "accepted over plain DNS; write the key without https://"},
           {"grpc://.",
            "key \"grpc://.\" is not supported: queries are only accepted over "
            "plain DNS; write the key without grpc://"},
           {"quic://.",
            "key \"quic://.\" is not supported: queries are only accepted over "
            "plain DNS; write the key without quic://"},
           {"udp://.",
            "key \"udp://.\" has an unknown scheme; write ZONE:PORT or "
            "dns://ZONE:PORT"},
       }) {
    CHECK(Corefiles(row.key + " {\n errors\n}\n").faults() ==
          "Corefile:1: " + row.fault + "\n");
  }
}

TEST_CASE("a key may be there once for an address") {
  const std::string clash =
      "; merge the server blocks, or give them different addresses with "
      "bind\n";
  CHECK(keys_of(".:53 {\n}\n.:53 {\n}\n") ==
        "Corefile:3: key \".:53\" is already at Corefile:1" + clash);
  CHECK(keys_of("a.example {\n}\nb.example A.Example:53 {\n}\n") ==
        "Corefile:3: key \"A.Example:53\" is already at Corefile:1" + clash);
  CHECK(keys_of(". .:53 {\n}\n") ==
        "Corefile:1: key \".:53\" is already at Corefile:1" + clash);
  CHECK(keys_of(". {\n bind 127.0.0.1 127.0.0.2\n}\n"
                ". {\n bind 127.0.0.3 127.0.0.2\n}\n") ==
        "Corefile:4: key \".:53\" is already at Corefile:1" + clash);
  CHECK(keys_of(". {\n bind 127.0.0.1\n}\n. {\n}\n") ==
        "Corefile:4: key \".:53\" is already at Corefile:1" + clash);
}

TEST_CASE("a key may be there again for another address or port") {
  CHECK(keys_of(". {\n bind 127.0.0.1\n}\n. {\n bind 127.0.0.2\n}\n") ==
        ".:53 / .:53");
  CHECK(keys_of(". {\n}\n.:54 {\n}\n") == ".:53 / .:54");
  CHECK(keys_of(". {\n}\na.example {\n}\n") == ".:53 / a.example.:53");
}

TEST_CASE("a * in a key stands for itself, which is remarked on") {
  CHECK(
      Corefiles("*.example.org {\n errors\n}\n").remarks() ==
      "Corefile:1: key \"*.example.org\" only contains names below a label *; "
      "write example.org for all names below it\n");
}

TEST_CASE("a key that is an unset variable is an error") {
  const std::string empty =
      "Corefile:1: a key is empty; is an environment variable not set?\n";
  CHECK(Corefiles("{$NONE} {\n}\n").faults() == empty);
  CHECK(Corefiles(". {$NONE} {\n}\n").faults() == empty);
  CHECK(Corefiles("a.example, \"\" {\n}\n").faults() == empty);
  CHECK(Corefiles(".:{$NONE} {\n}\n").faults() ==
        "Corefile:1: key \".:\" has no port after the colon; is a variable not "
        "set? Write one such as .:53\n");
}

TEST_CASE("the number of keys is bounded") {
  std::string text = "a0";
  for (int i = 1; i <= 2'000; ++i) text += " a" + std::to_string(i);
  CHECK(Corefiles(text + " {\n}\n").faults() ==
        "Corefile:1: more than 2000 keys; leave some out\n");
}

TEST_CASE("a Corefile needs a server block") {
  CHECK(Corefiles("# nothing\n").faults() ==
        "Corefile: has no server block; write one that starts with a key such "
        "as .:53\n");
}

}  // namespace
}  // namespace canopy
