// The texts of templates, and what a query makes of them.
#include "server/config/template_parser.h"

#include <doctest/doctest.h>

#include "healthz/configuration_error.h"

namespace canopy {
namespace {

// The text that the template makes for ip-10-0.a.example.
std::string made_of(const std::string& text) {
  static const NamePattern pattern("^ip-(?P<a>[0-9]+)-([0-9]*)[.](?P<l>.)[.]");
  static const std::string name = "ip-255-08.a.example.";
  std::vector<std::string_view> match;
  REQUIRE(pattern.match(name, match));
  std::string made;
  const bool is_made =
      parse_template(text).expand({.name = name,
                                   .zone = "example.",
                                   .type = "AAAA",
                                   .remote = "192.0.2.7",
                                   .question_name = "IP-255-08.a.example.",
                                   .pattern = &pattern,
                                   .match = match},
                                  made);
  return is_made ? made : "no text";
}

std::string refusal_of(const std::string& text) {
  try {
    parse_template(text);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("actions are replaced by values of the query") {
  struct Row {
    std::string text;
    std::string made;
  };
  for (const Row& row : std::vector<Row>{
           {"", ""},
           {"plain", "plain"},
           {"{{ .Name }} 60 IN A 192.0.2.1",
            "ip-255-08.a.example. 60 IN A 192.0.2.1"},
           {"{{.Name}}", "ip-255-08.a.example."},
           {"{{\t.Zone}}-{{.Class }}-{{ .Type }}", "example.-IN-AAAA"},
           {"{{ .Question.Name }}", "IP-255-08.a.example."},
           {"{{ .Remote }}", "192.0.2.7"},
           {"10.{{ .Group.a}}.0.{{ .Group.l }}", "10.255.0.a"},
           {"{{ index .Match 0 }}|{{ index .Match 2 }}", "ip-255-08.a.|08"},
           {"{{ index .Group \"a\" }}{{ index .Group `l` }}", "255a"},
           {"{{ index .Group \"2\" }}", "08"},
           {"{{ parseInt .Group.a 16 16 }}", "597"},
           {"{{ parseInt .Group.a 10 8 }}", "255"},
           {"{{ parseInt .Group.a 10 0 }}", "255"},
           {"}} { } {", "}} { } {"},
           // Values that a query does not have.
           {"{{ .Group.none }}", "no text"},
           {"{{ index .Match 4 }}", "no text"},
           {"{{ parseInt .Group.l 10 8 }}", "no text"},
           {"{{ parseInt .Group.a 16 8 }}", "no text"},
           {std::string(4096, 'a'), std::string(4096, 'a')},
           {std::string(4097, 'a'), "no text"},
       }) {
    CHECK(made_of(row.text) == row.made);
  }
}

TEST_CASE("other actions are refused, with those that are supported") {
  for (const std::string& action :
       std::vector<std::string>{" .Message ",
                                " .Meta \"a\" ",
                                " .Var.a ",
                                "- .Name ",
                                " $x ",
                                " .Name | printf ",
                                "",
                                " if .Name ",
                                " .Group ",
                                " .Group.a.b ",
                                " .Match ",
                                " index .Match ",
                                " index .Match a ",
                                " index .Match 101 ",
                                " index .Group a ",
                                " index .Name 0 ",
                                " parseInt .Name 16 ",
                                " parseInt .Name 1 8 ",
                                " parseInt .Name 16 65 ",
                                " .name "}) {
    CHECK(refusal_of("a {{" + action + "}}") ==
          "has {{" + action +
              "}}, which is not supported; write .Name, .Zone, .Class, .Type, "
              ".Remote, .Question.Name, .Group.NAME, index .Match N or "
              "parseInt .Group.NAME BASE BITS");
  }
  CHECK(refusal_of("a {{ .Name } b") == "has {{ without }}; close it");
}

}  // namespace
}  // namespace canopy
