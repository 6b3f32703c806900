// Rules of a Corefile's directives rewrite, and what is looked up for a query.
#include "server/answer/query_rewriter.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/server/config/corefiles.h"
#include "tests/support/query_message.h"

namespace canopy {
namespace {

SharedRewrites rules_of(const std::string& directives) {
  const CorefileSettings read = one_block(directives).read();
  REQUIRE(read.faults.empty());
  auto made = std::make_shared<Rewrites>();
  made->rules = read.settings.blocks.front().rewrites;
  return {std::move(made)};
}

// "b.example. A", "unchanged" or "bad name".
std::string looked_up(const std::string& directives,
                      const std::string& question) {
  RewrittenQuery result;
  switch (
      rewrite(test::query_from_text(question), rules_of(directives), result)) {
    case RewriteOutcome::kUnchanged:
      return "unchanged";
    case RewriteOutcome::kBadName:
      return "bad name";
    case RewriteOutcome::kRewritten:
      break;
  }
  return result.looked_up.qname.to_text() + " " +
         to_text(result.looked_up.qtype);
}

std::string long_name(char letter) {
  const std::string label(60, letter);
  return label + "." + label + "." + label + ".";
}

}  // namespace

TEST_CASE("names are rewritten by whole name, start, end, part and pattern") {
  struct Row {
    const char* rule;
    const char* question;
    const char* result;
  };
  for (const Row& row : {
           Row{"name a.example b.example", "a.example. A", "b.example. A"},
           Row{"name a.example b.example", "x.a.example. A", "unchanged"},
           Row{"name exact A.Example. B.Example", "a.eXample. AAAA",
               "b.example. AAAA"},
           Row{"name EXACT a b", "a. A", "b. A"},
           // The text has a dot at its end, as in CoreDNS.
           Row{"name prefix api www", "api.a.example. A", "www.a.example. A"},
           Row{"name prefix api www", "api2.a.example. A", "unchanged"},
           Row{"name suffix .a.example .b.example", "x.y.a.example. A",
               "x.y.b.example. A"},
           Row{"name suffix a.example b.example", "xa.example. A",
               "xb.example. A"},
           Row{"name suffix .a.example .b.example", "a.example. A",
               "unchanged"},
           Row{"name substring a b", "a.x.a.example. A", "b.x.b.example. A"},
           Row{"name substring q b", "a.example. A", "unchanged"},
           Row{"name regex (.*)-(us)\\.example {1}.{2}.b", "x-us.example. A",
               "x.us.b. A"},
           Row{"name regex (.*)\\.x\\.$ {0}{1}", "A.B.x. A", "a.b.x.a.b. A"},
           Row{"name regex ^a\\.$ b", "x.a. A", "unchanged"},
           Row{"name regex a b.example", "xax.example. A", "b.example. A"},
           Row{"type ANY HINFO", "a.example. ANY", "a.example. HINFO"},
           Row{"type AAAA A", "a.example. A", "unchanged"},
           Row{"ttl a.example 30", "a.example. A", "a.example. A"},
           Row{"ttl suffix .b.example 30", "a.example. A", "unchanged"},
       }) {
    CAPTURE(row.rule);
    CAPTURE(row.question);
    CHECK(looked_up(std::string("rewrite ") + row.rule, row.question) ==
          row.result);
  }
}

TEST_CASE("the first rule that applies is the last, unless it continues") {
  const std::string two =
      " name suffix .a .b\nrewrite name suffix .b .c\nrewrite type A AAAA\n";
  CHECK(looked_up("rewrite" + two, "x.a. A") == "x.b. A");
  CHECK(looked_up("rewrite stop" + two, "x.a. A") == "x.b. A");
  CHECK(looked_up("rewrite continue" + two, "x.a. A") == "x.c. A");
  CHECK(looked_up("rewrite" + two, "x.b. A") == "x.c. A");
  CHECK(looked_up("rewrite" + two, "x. A") == "x. AAAA");
}

TEST_CASE("a rule may stand in a block") {
  CHECK(looked_up("rewrite stop {\n name regex (.*)\\.a {1}.b\n"
                  " answer name (.*)\\.b {1}.a\n}",
                  "x.a. A") == "x.b. A");
}

TEST_CASE("a rewritten text that is not a name fails") {
  CHECK(looked_up("rewrite name regex (.*) {1}.b", "x.a. A") == "bad name");
  CHECK(looked_up("rewrite name substring a " + long_name('b'), "a.a.a. A") ==
        "bad name");
  CHECK(looked_up("rewrite name regex (.*) " + long_name('b') + "{1}",
                  long_name('a') + " A") == "bad name");
  CHECK(looked_up("rewrite name a .b", "a. A") == "bad name");
}

}  // namespace canopy
