#include "kubewatch/manifests/yaml_to_json.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "kubewatch/manifests/yaml_json_writer.h"

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
      {"a: true\nb: False\nc: yes", R"({"a":true,"b":false,"c":true})"},
      {"a:\nb: ~\nc: null\nd: ''", R"({"a":null,"b":null,"c":null,"d":""})"},
      {"a: 10.0.0.1\nb: 2001:db8::1", R"({"a":"10.0.0.1","b":"2001:db8::1"})"},
      {"a: .inf\nb: .nan\nc: 0x10", R"({"a":".inf","b":".nan","c":16})"},
      {"80: x\ntrue: z", R"({"80":"x","true":"z"})"},
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
  CHECK(json("a: 1\n---\n- x\n") == "3:1: expected a Kubernetes object");
  CHECK(json("words") == "1:1: expected a Kubernetes object");
  CHECK(json("a: *x").starts_with("1:4:"));
  CHECK(json("[1]: 2").starts_with("1:"));
  CHECK(json("\"<<\": 1") == R"({"<<":1})");
  CHECK(json(",kind: List\n") == "1:1: expected a value here");
  CHECK(json("a: 1\n---\n]\n").starts_with("3:1: "));
  CHECK(json("a: &x [*x]").starts_with("1:"));
  CHECK(json("a: " + std::string(100'000, '[')).find(": ") !=
        std::string::npos);
}

TEST_CASE("truth values and numbers are those of YAML 1.1") {
  for (const std::string text : {"yes", "Yes", "YES", "on", "On", "ON", "y",
                                 "Y", "true", "True", "TRUE"}) {
    CHECK(json("a: " + text) == R"({"a":true})");
    CHECK(json("a: '" + text + "'") == "{\"a\":\"" + text + "\"}");
  }
  for (const std::string text : {"no", "No", "NO", "off", "Off", "OFF", "n",
                                 "N", "false", "False", "FALSE"}) {
    CHECK(json("a: " + text) == R"({"a":false})");
  }
  for (const std::string text : {"yEs", "oN", "yess", "nO"}) {
    CHECK(json("a: " + text) == "{\"a\":\"" + text + "\"}");
  }
  CHECK(json("a: 0x50\nb: 0o120\nc: 0120\nd: 8_0\ne: 0b101\nf: -0x10\ng: 08") ==
        R"({"a":80,"b":80,"c":80,"d":80,"e":5,"f":-16,"g":8})");
  CHECK(json("a: 0x\nb: 0xg\nc: --1\nd: _1\ne: 1.2.3.4") ==
        R"({"a":"0x","b":"0xg","c":"--1","d":"_1","e":"1.2.3.4"})");
  CHECK(json("a: !!bool \"yes\"\nb: !!int '80'\nc: !!str yes") ==
        R"({"a":true,"b":80,"c":"yes"})");
  CHECK(json("y: 1\n'n': 2") == R"({"true":1,"n":2})");
}

TEST_CASE("merge keys put another mapping's keys in") {
  CHECK(json("a: &x {p: 1}\nb:\n  <<: *x\n  q: 2\n") ==
        R"({"a":{"p":1},"b":{"p":1,"q":2}})");
  // The later counts, as kubectl has it.
  CHECK(json("a: &x {p: 1}\nb: {<<: *x, p: 2}\nc: {p: 2, <<: *x}") ==
        R"({"a":{"p":1},"b":{"p":2},"c":{"p":1}})");
  // Of several mappings the first.
  CHECK(json("a: &x {p: 1}\nb: &z {p: 2, q: 2}\nc: {<<: [*x, *z]}") ==
        R"({"a":{"p":1},"b":{"p":2,"q":2},"c":{"p":1,"q":2}})");
  CHECK(json("a: &x {<<: {p: 1}, q: 2}\nb: {<<: *x}") ==
        R"({"a":{"p":1,"q":2},"b":{"p":1,"q":2}})");
  CHECK(json("a: {<<: {p: 1}, <<: {q: 2}}") == R"({"a":{"p":1,"q":2}})");
  for (const std::string value : {"b", "", "[b]", "[[]]", "1"}) {
    CHECK(json("a: {<<: " + value + "}") ==
          "1:1: a merge key (<<) needs a mapping or a list of mappings");
  }
}

TEST_CASE("a key that stands twice is a fault in what is served") {
  CHECK(json("kind: Service\nspec:\n  a: 1\n  b: 2\n  a: 3\n") ==
        "5:3: the key \"a\" appears twice in one mapping");
  CHECK(json("kind: Service\na: 1\nkind: Service\n") ==
        "3:1: the key \"kind\" appears twice in one mapping; is a --- line "
        "missing between two objects?");
  CHECK(json("a: 1\n\"a\": 2\nkind: List\n").starts_with("2:1: the key"));
  CHECK(json("kind: Deployment\na: 1\nkind: Service\n").starts_with("3:1: "));
  CHECK(json("kind: Pod\na: [{b: 1, b: 2}]").starts_with("2:"));
  // Each mapping has its own.
  CHECK(json("kind: Pod\na: {b: {a: 1}, c: {a: 1}}\nb: [{a: 1}, {a: 1}]")
            .starts_with("{"));
  // What is not served is passed over.
  CHECK(json("a: 1\na: 2") == R"({"a":1,"a":2})");
  CHECK(json("kind: Deployment\na: 1\na: 2").starts_with("{"));
  CHECK(json("kind: Pod\n---\na: 1\na: 2\n").starts_with("{"));
}

TEST_CASE("what is cut off or left over at the end is a fault") {
  for (const std::string quote : {"\"", "'"}) {
    const std::string why = ": a quote opened here or below is never closed";
    CHECK(json("a: 1\nb: " + quote + "x\nc: 2\n") == "2:1" + why);
    CHECK(json("a: 1\nb: " + quote + "x") == "2:1" + why);
    CHECK(json("a: 1\n" + quote + "b\n") == "1:1" + why);
    CHECK(json("a:\n- b\n- " + quote + "c\n") == "1:1" + why);
  }
  const std::string why = ": a key with a colon behind it was expected here";
  CHECK(json("a: 1\nEOF\n") == "2:1" + why);
  CHECK(json("a: 1\nEOF") == "2:1" + why);
  CHECK(json("a:\n  b: 1\n  'c'\n") == "3:3" + why);
  CHECK(json("a: 1\nb:2\n---\nc: 3\n") == "2:1" + why);
  CHECK(json("a: 1\n---\nEOF\n") == "3:1: expected a Kubernetes object");
  CHECK(json("~: 1").find("a key is empty") != std::string::npos);
  // Values that are missing are null.
  CHECK(json("a:\n'b' :\n\"c\\\"\":\n") == R"({"a":null,"b":null,"c\"":null})");
  CHECK(json("{a, b: }") == R"({"a":null,"b":null})");
}

TEST_CASE("text as Windows writes it") {
  const std::string plain = "a: \xc3\xa9\n";
  CHECK(json("\xef\xbb\xbf" + plain) == json(plain));
  CHECK(json(plain + "---\n\xef\xbb\xbf" + plain) ==
        json(plain + "---\n" + plain));
  const std::string utf16(
      "\xff\xfe"
      "a\0:\0 \0\xe9\0\n\0",
      12);
  CHECK(json(utf16) == json(plain));
  const std::string big(
      "\xfe\xff"
      "\0a\0:\0 \0\xe9\0\n",
      12);
  CHECK(json(big) == json(plain));
  const std::string pair(
      "\xff\xfe"
      "a\0:\0 \0\x3d\xd8\x00\xde",
      12);
  CHECK(json(pair) == "{\"a\":\"\xf0\x9f\x98\x80\"}");
  const std::string half(
      "\xff\xfe"
      "a\0:\0 \0\x3d\xd8",
      10);
  CHECK(json(half) == "{\"a\":\"\xef\xbf\xbd\"}");
  CHECK(json("a: 1\r\nb: 2\r\n") == R"({"a":1,"b":2})");
  CHECK(json(std::string("a\0:\0", 4)) ==
        "1:2: a control character, which YAML does not allow");
  CHECK(json("a: 1\nb: x\x04\n").starts_with("2:5: a control character"));
}

TEST_CASE("patches and templates are told apart from manifests") {
  CHECK(json("- op: add\n  path: /x\n") == "{}");
  CHECK(json("- a\n- b\n") == "1:1: expected a Kubernetes object");
  const std::string hint = "; looks like a Helm template; render it first";
  CHECK(json("a: {{ .Values.x }}\n").ends_with(hint));
  CHECK(json("{{- if .Values.x }}\na: 1\n{{- end }}\n").ends_with(hint));
  CHECK(json("a: 1\n{{ include \"x\" . }}\n").ends_with(hint));
  CHECK_FALSE(json("a: '{{ x }}'\nb: [\n").ends_with(hint));
}

TEST_CASE("aliases cannot make much of little") {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) yaml += (j ? "," : "") + last;
    yaml += "]\n";
  }
  CHECK(json(yaml).find("its aliases expand to too much text") !=
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

// yaml-cpp keeps what is in brackets until they close, at up to 240 octets for
// each: 8 MiB of them took more memory than a pod has.
TEST_CASE("brackets have a bound, and what only looks like them has none") {
  const auto repeated = [](const std::string& text) {
    std::string all;
    while (all.size() < (300 << 10)) all += text;
    return all;
  };
  const std::string refused = "brackets with more than 256 KiB between them";
  for (const char* before : {"", "a:\n  ", "- ", "? ", "- !t ", "- &t ", "{",
                             "a:  # why\n # so\n\n  "}) {
    for (const char* each : {"[", "[1],", "1,", "{a: b},", "*a ", "a:\n["}) {
      CAPTURE(before);
      CAPTURE(each);
      const std::string found = json(before + ("[" + repeated(each)));
      CHECK(found.find(refused) != std::string::npos);
    }
  }
  CHECK(json("a:\n\n  [" + repeated("[")).starts_with("3:1: brackets"));
  CHECK(json(repeated("# [\n") + "- [" + repeated("[")).find(refused) !=
        std::string::npos);
  CHECK(json("- \"#\": [" + repeated("[")).starts_with("1:1: brackets"));
  // Literal, folded, quoted and plain text; comments; many small ones.
  const std::string text = repeated("  {\"a\": [1, 2]},\n");
  CHECK(json("a: |\n" + text).starts_with("{\"a\":\"{"));
  CHECK(json("a: >-  # {\n" + text).starts_with("{\"a\":\"{"));
  CHECK(json("a: '" + text + "'\n").starts_with("{\"a\":\"  {"));
  CHECK(json("a: b\n" + repeated("  [\n")).starts_with("{\"a\":\"b ["));
  CHECK(json(repeated("# [[\n") + "a: [b]\n") == "{\"a\":[\"b\"]}");
  CHECK(json("a:\n" + repeated("- [1, {b: c}]\n")).starts_with("{\"a\":[["));
}

// A million empty documents took seconds and 100 MB, for nothing.
TEST_CASE("a file has a bound on its documents, the empty ones too") {
  const std::string refused =
      "more than 250,000 documents in one file; split it into several files";
  std::string empty;
  for (int i = 0; i < 249'999; ++i) empty += "---\n";
  CHECK(json(empty + "---\na: 1\n") == "{\"a\":1}");
  for (const std::string each : {"---\n", "---\n{}\n", "{}\n...\n", "{}\n"}) {
    CAPTURE(each);
    std::string yaml;
    for (int i = 0; i < 250'001; ++i) yaml += each;
    CHECK(json(yaml).ends_with(refused));
  }
}

namespace {

// "", or why the writer refuses the last item of a list of these.
std::string fault_of_items(std::size_t count, YAML::anchor_t anchors) {
  const YAML::Mark mark;
  YamlJsonWriter writer(std::numeric_limits<std::size_t>::max(), "");
  writer.OnDocumentStart(mark);
  try {
    writer.OnSequenceStart(mark, "?", 0, YAML::EmitterStyle::Block);
    for (std::size_t i = 0; i < count; ++i) {
      const YAML::anchor_t anchor = i < anchors ? i + 1 : 0;
      if (i % 2 == 0) {
        writer.OnScalar(mark, "?", anchor, "x");
      } else {
        writer.OnMapStart(mark, "?", anchor, YAML::EmitterStyle::Flow);
        writer.OnMapEnd();
      }
    }
  } catch (const YAML::ParserException& error) {
    return error.msg;
  }
  return "";
}

}  // namespace

// yaml-cpp keeps something of each until the end: 64 MiB of "- {}" took 640.
TEST_CASE("mappings, list items and anchors have a bound") {
  CHECK(fault_of_items(1'999'999, 100'000) == "");
  CHECK(fault_of_items(2'000'000, 0) ==
        "more than 2,000,000 mappings and list items in one file; split it "
        "into several files");
  CHECK(fault_of_items(100'001, 100'001) ==
        "more than 100,000 anchors in one document; use fewer of them");
}

TEST_CASE("%TAG lines have a bound") {
  std::string tags;
  for (int i = 0; i < 1'000; ++i) {
    tags += "%TAG !" + std::to_string(i) + "! x\n";
  }
  CHECK(json(tags + "--- {a: \"%TAG\"}\n") == R"({"a":"%TAG"})");
  CHECK(json(tags + "%TAG !a! x\n---\na: 1\n") ==
        "1001:1: more than 1,000 %TAG lines in one file; remove them");
}
