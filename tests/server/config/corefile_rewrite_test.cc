// The directive rewrite: what is accepted, and the faults of bad rules.
#include <doctest/doctest.h>

#include <string>

#include "server/plan/rewrites.h"
#include "tests/server/config/corefiles.h"

namespace canopy {
namespace {

std::string rewrite_faults(const std::string& rule) {
  return one_block("rewrite " + rule).faults();
}

}  // namespace

TEST_CASE("rules that CoreDNS accepts are accepted") {
  for (const char* rule : {
           "name a b",
           "NAME Exact a b answer value (.*)\\.b {1}.a",
           "stop name suffix .a .b answer auto",
           "continue {\n name regex (.*) {1} answer auto value (a) {1}\n}",
           "{\n name a b\n}",
           "name regex (x) {1} answer name a b answer name c d value e f",
           "stop {\n name regex (x) {1}\n answer name a b\n answer value c "
           "d\n}",
           "type any A",
           "continue ttl regex (.*)\\.a 30-300",
           "ttl a -30",
           "ttl prefix a 30-",
       }) {
    CAPTURE(rule);
    CHECK(rewrite_faults(rule) == "");
  }
}

TEST_CASE("a bad rule is a fault that says what to write") {
  struct Row {
    const char* rule;
    const char* fault;
  };
  for (const Row& row : {
           Row{"", "write rewrite [continue|stop] name|type|ttl .."},
           Row{"stop", "write rewrite [continue|stop] name|type|ttl .."},
           Row{"name a",
               "write name [exact|prefix|suffix|substring|regex] "
               "FROM TO"},
           Row{"name like a b",
               "\"like\" is not one of exact, prefix, suffix, "
               "substring or regex"},
           Row{"name regex (a b",
               "\"(a\" is not a regular expression: missing "
               "): (a"},
           Row{"name regex (a) {2}",
               "\"{2}\" uses {2}, but \"(a)\" has 1 groups"},
           Row{"name exact a b c",
               "\"c\" cannot stand here; write answer auto, "
               "answer name FROM TO, or answer value FROM "
               "TO"},
           Row{"name exact a b answer ttl c d",
               "write answer auto, answer name FROM TO, or answer value FROM "
               "TO"},
           Row{"name exact a b answer name c",
               "write answer auto, answer name FROM TO, or answer value FROM "
               "TO"},
           Row{"name suffix a b answer auto answer name c d",
               "cannot have both answer auto and answer name; remove one"},
           Row{"name a b {\n answer auto\n}",
               "write the rule on one line, or all of it between { and }"},
           Row{"answer name a b", "answer must follow a rule for name"},
           Row{"type A", "write type FROM TO"},
           Row{"type A WV",
               "\"WV\" is not a known type; write TYPE and "
               "its number"},
           Row{"type A AXFR", "\"AXFR\" cannot be rewritten"},
           Row{"ttl a 9-5",
               "\"9-5\" is not a range: the first number is "
               "larger"},
           Row{"ttl a -", "\"-\" is not a TTL; write SECONDS or LEAST-MOST"},
           Row{"ttl a 5s", "\"5s\" is not a TTL; write SECONDS or LEAST-MOST"},
           Row{"class CH IN",
               "class is not supported: only class IN is "
               "served; remove the rule"},
           Row{"edns0 nsid set", "edns0 is not supported yet; remove the rule"},
           Row{"cname a b", "cname is not supported yet; remove the rule"},
           Row{"rcode a 2 0", "rcode is not supported yet; remove the rule"},
           Row{"nmae a b", "\"nmae\" is not one of name, type or ttl"},
       }) {
    CAPTURE(row.rule);
    CHECK(rewrite_faults(row.rule) ==
          std::string("Corefile:2: rewrite: ") + row.fault + "\n");
  }
}

TEST_CASE("the number of rules and of answer rules is bounded") {
  std::string all;
  for (std::size_t i = 0; i < Rewrites::kMostRules; ++i) {
    all += "rewrite name a b\n";
  }
  CHECK(one_block(all).faults().empty());
  CHECK(one_block(all + "rewrite name a b").faults() ==
        "Corefile:102: rewrite: a server block may have at most 100 of them\n");
  std::string answers = "name regex a b";
  for (int i = 0; i < 21; ++i) answers += " answer name a b";
  CHECK(rewrite_faults(answers) ==
        "Corefile:2: rewrite: has more than 20 answer rules\n");
}

}  // namespace canopy
