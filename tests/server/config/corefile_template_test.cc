// The directive template.
#include <doctest/doctest.h>

#include "server/config/template_plan.h"
#include "tests/server/config/corefiles.h"

namespace canopy {
namespace {

Name domain(const std::string& text) { return *Name::from_text(text); }

TEST_CASE("template: every option") {
  const CorefileSettings read =
      Corefiles(
          "a.example b.example {\n"
          "template IN AAAA {\n"
          "match \"^a[.]\" ^b[.]\nmatch c\n"
          "additional \"c. 60 IN A 192.0.2.1\"\n"
          "answer \"{{ .Name }} 60 IN AAAA ::1\" \"b. 60 IN AAAA ::2\"\n"
          "authority \"d. 60 IN NS d.\"\n"
          "rcode NXDOMAIN\nederror 21 \"Blocked here\"\n"
          "fallthrough sub.a.example\nupstream\n}\n"
          "template ANY ANY z.example {\nfallthrough\n}\n}\n")
          .read();
  CHECK(read.faults.empty());
  const SharedTemplates made = compile_templates(read.settings.blocks.at(0));
  REQUIRE(made.rules->size() == 2);
  const TemplateRule& first = made.rules->at(0);
  CHECK(first.type == RrType::kAaaa);
  CHECK(first.domains == std::vector{domain("a.example"), domain("b.example")});
  REQUIRE(first.patterns.size() == 3);
  CHECK(first.patterns[1].text() == "^b[.]");
  REQUIRE(first.records.size() == 4);
  CHECK(first.records[1].section == Section::kAnswer);
  CHECK(first.records[2].section == Section::kAuthority);
  CHECK(first.records[3].section == Section::kAdditional);
  CHECK(first.rcode == Rcode::kNxDomain);
  REQUIRE(first.error);
  CHECK(first.error->code == InfoCode{21});
  CHECK(first.error->text == "Blocked here");
  CHECK(first.fall_through == std::vector{domain("sub.a.example")});
  const TemplateRule& second = made.rules->at(1);
  CHECK_FALSE(second.type.has_value());
  CHECK(second.domains == std::vector{domain("z.example")});
  CHECK(second.patterns.empty());
  CHECK(second.fall_through == std::vector{Name()});
  CHECK(second.at.ends_with("Corefile:13"));

  // Plans are equal when the texts are.
  CHECK(made == compile_templates(read.settings.blocks.at(0)));
  ServerBlock other = read.settings.blocks.at(0);
  other.templates[0].records[0].text += " ; c";
  CHECK_FALSE(made == compile_templates(other));
  CHECK(compile_templates(ServerBlock{}) == SharedTemplates{});
}

TEST_CASE("template: faults name the line and what to write") {
  struct Row {
    std::string directive;
    std::string fault;
  };
  for (const Row& row : std::vector<Row>{
           {"template IN", "2: template: takes at least 2, not 1"},
           {"template CH ANY",
            "2: template: \"CH\" is not IN or ANY: queries of other classes "
            "are refused"},
           {"template IN AAAAA",
            "2: template: \"AAAAA\" is not a record type such as AAAA or ANY"},
           {"template IN A a:b",
            "2: template: \"a:b\" is not a zone; give a domain such as "
            "example.org, or a network such as 10.0.0.0/8"},
           {"template IN A {\nmatch\n}",
            "3: template: match: takes at least 1, not 0"},
           {"template IN A {\nmatch a(\n}",
            "3: template: match: \"a(\" is not a regular expression: missing "
            "): a("},
           {"template IN A {\nanswer \"{{ .Meta }} 60 IN A 192.0.2.1\"\n}",
            "3: template: answer: \"{{ .Meta }} 60 IN A 192.0.2.1\" has {{ "
            ".Meta }}, which is not supported; write .Name, .Zone, .Class, "
            ".Type, .Remote, .Question.Name, .Group.NAME, index .Match N or "
            "parseInt .Group.NAME BASE BITS"},
           {"template IN A {\nrcode NONE\n}",
            "3: template: rcode: \"NONE\" is not a response code such as "
            "NXDOMAIN"},
           {"template IN A {\nederror 65536\n}",
            "3: template: ederror: \"65536\" is not a number from 0 to 65535"},
           {"template IN A {\nexpr true\n}",
            "3: template: expr: is not supported; write the condition as a "
            "regular expression in match"},
           {"template IN A {\nanswr a\n}",
            "3: template: answr: unknown option; did you mean answer?"},
       }) {
    CHECK(one_block(row.directive).faults() == "Corefile:" + row.fault + "\n");
  }
}

TEST_CASE("template: at most 100 in a block, with 64 records each") {
  std::string templates;
  for (int i = 0; i < 100; ++i) templates += "template IN A\n";
  CHECK(one_block(templates).faults().empty());
  CHECK(one_block(templates + "template IN A\n").faults() ==
        "Corefile:102: template: a server block has at most 100 templates\n");
  std::string records = "template IN A {\n";
  for (int i = 0; i < 64; ++i) records += "answer \"a. IN A 192.0.2.1\"\n";
  CHECK(one_block(records + "}").faults().empty());
  CHECK(one_block(records + "answer b\n}").faults() ==
        "Corefile:67: template: answer: a template has at most 64 records\n");
}

}  // namespace
}  // namespace canopy
