#include "kubewatch/yaml_to_json.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace canopy::kube;

namespace {

// The documents, one a line; a fault as "LINE:COLUMN: why".
std::string json(const std::string& yaml) {
  const auto result = yaml_to_json(yaml);
  if (const auto* fault = std::get_if<YamlFault>(&result)) {
    return std::to_string(fault->line) + ":" + std::to_string(fault->column) +
           ": " + fault->why;
  }
  std::string text;
  for (const YamlDocument& one : std::get<0>(result)) {
    text += (text.empty() ? "" : "\n") + one.json;
  }
  return text;
}

}  // namespace

TEST_CASE("YAML becomes JSON") {
  struct Row {
    const char* yaml;
    const char* json;
  };
  const Row rows[] = {
      {"a: 1", R"({"a":1})"},
      {"a: +1\nb: -2\nc: 1.5\nd: 1e3", R"({"a":1,"b":-2,"c":1.5,"d":1000})"},
      {"a: '1'\nb: \"1\"\nc: !!str 1", R"({"a":"1","b":"1","c":"1"})"},
      {"a: true\nb: False\nc: yes", R"({"a":true,"b":false,"c":"yes"})"},
      {"a:\nb: ~\nc: null\nd: ''", R"({"a":null,"b":null,"c":null,"d":""})"},
      {"a: 10.0.0.1\nb: 2001:db8::1", R"({"a":"10.0.0.1","b":"2001:db8::1"})"},
      {"a: .inf\nb: .nan\nc: 0x10", R"({"a":".inf","b":".nan","c":"0x10"})"},
      {"80: x\ntrue: y", R"({"80":"x","true":"y"})"},
      {"a: [1, {b: c}, []]\nd: {}", R"({"a":[1,{"b":"c"},[]],"d":{}})"},
      {"a: |\n  x\n  y\nb: \"q\\\"\\\\\\t\"",
       R"({"a":"x\u000ay\u000a","b":"q\"\\\u0009"})"},
      {"a: &x {p: 1}\nb: *x\nc: [*x]",
       R"({"a":{"p":1},"b":{"p":1},"c":[{"p":1}]})"},
      {"a: &x v\nb: *x", R"({"a":"v","b":"v"})"},
      {"a: &n\nb: *n", R"({"a":null,"b":null})"},
      {"{\"a\": [1, \"2\"], \"b\": {}}", R"({"a":[1,"2"],"b":{}})"},
      {"---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n",
       "{\"a\":1}\n{\"b\":2}"},
      {"", ""},
      {"# only words\n", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.yaml);
    CHECK(json(row.yaml) == row.json);
  }
}

TEST_CASE("a fault says line and column") {
  CHECK(json("a: 1\nb: [1, 2\nc: 3").starts_with("3:"));
  CHECK(json("a: 1\n\tb: 2").starts_with("2:"));
  CHECK(json("a: 1\n---\n- x\n") == "3:1: a Kubernetes object was expected");
  CHECK(json("words") == "1:1: a Kubernetes object was expected");
  CHECK(json("a: *x").starts_with("1:4:"));
  CHECK(json("[1]: 2").starts_with("1:"));
  CHECK(json("a: &x {p: 1}\nb:\n  <<: *x\n") ==
        "3:3: merge keys (<<) are not supported; write the fields out");
  CHECK(json("\"<<\": 1") == R"({"<<":1})");
  CHECK(json(",kind: List\n") == "1:1: a value was expected here");
  CHECK(json("a: 1\n---\n]\n").starts_with("3:1: "));
  CHECK(json("a: &x [*x]").starts_with("1:"));
  CHECK(json("a: " + std::string(100'000, '[')).find(": ") !=
        std::string::npos);
}

TEST_CASE("aliases cannot make much of little") {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) yaml += (j ? "," : "") + last;
    yaml += "]\n";
  }
  CHECK(json(yaml).find("its aliases make too much of it") !=
        std::string::npos);
}

TEST_CASE("what aliases make is bounded by what they are made of, in total") {
  // Each document makes half a MiB of 5 KiB: the third is too much.
  std::string document = "---\na: &a " + std::string(4000, 'x') + "\nb: [*a";
  for (int i = 0; i < 130; ++i) document += ",*a";
  document += "]\n";
  CHECK(json(document).starts_with("{\"a\":"));
  CHECK(json(document + document + document).find("its aliases") !=
        std::string::npos);
  // YAML without aliases makes less, however it is written.
  std::string plain = "a:\n";
  for (int i = 0; i < 300'000; ++i) plain += "- \n";
  CHECK(json(plain).starts_with("{\"a\":[null,null"));
  std::string tight = "a: [";
  for (int i = 0; i < 300'000; ++i) tight += "x,";
  CHECK(json(tight + "x]").starts_with("{\"a\":[\"x\",\"x\""));
}
