#include "kubewatch/decode/json_splitter.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace canopy::kube;
using Shape = JsonSplitter::Shape;

namespace {

// The parts in order, items marked with '-'; an error as "! why".
std::vector<std::string> split(Shape shape, const std::string& text,
                               std::size_t chunk) {
  std::vector<std::string> parts;
  JsonSplitter splitter(shape, [&](JsonSplitter::Part part, std::string& one) {
    parts.push_back((part == JsonSplitter::Part::kItem ? "- " : "") + one);
    return true;
  });
  for (std::size_t at = 0; at < text.size(); at += chunk) {
    if (splitter.feed(std::string_view(text).substr(at, chunk))) continue;
    parts.push_back("! " + splitter.error());
    return parts;
  }
  if (!splitter.is_between_values()) parts.push_back("! unfinished");
  return parts;
}

}  // namespace

TEST_CASE("values come one by one, however the bytes are cut") {
  const std::string text =
      "{\"a\": [1, {\"b\": \"}\\\"]\"}]}\n{} {\"items\": [{}]}\r\n";
  for (std::size_t chunk = 1; chunk <= text.size(); ++chunk) {
    CAPTURE(chunk);
    CHECK(split(Shape::kValues, text, chunk) ==
          std::vector<std::string>{"{\"a\": [1, {\"b\": \"}\\\"]\"}]}", "{}",
                                   "{\"items\": [{}]}"});
  }
}

TEST_CASE("a list's items come before the object around them") {
  const std::string text =
      "{\"kind\":\"List\",\"metadata\":{\"items\":[{\"no\":1}]},\"items\" :\n"
      "[ {\"a\":{}} , {\"b\":[]} ],\"x\":\"items\",\"y\":[{\"c\":1}]}";
  for (std::size_t chunk = 1; chunk <= text.size(); ++chunk) {
    CAPTURE(chunk);
    CHECK(split(Shape::kLists, text, chunk) ==
          std::vector<std::string>{
              "- {\"a\":{}}", "- {\"b\":[]}",
              "{\"kind\":\"List\",\"metadata\":{\"items\":[{\"no\":1}]},"
              "\"items\" : [],\"x\":\"items\",\"y\":[{\"c\":1}]}"});
  }
}

TEST_CASE("what cannot be a row of objects is an error") {
  struct Row {
    const char* text;
    const char* last;
  };
  const Row rows[] = {
      {"HTTP", "! expected a JSON object"},
      {"[1]", "! expected a JSON object"},
      {"{} ,", "! expected a JSON object"},
      {"{\"a\":1", "! unfinished"},
      {"{\"a\":\"", "! unfinished"},
      {"{\"items\":[1]}", "! \"items\" must be a list of objects"},
      {"{\"items\":[{}{}]}", "! \"items\" must be a list of objects"},
      {"{\"items\":[{", "! unfinished"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(split(Shape::kLists, row.text, 3).back() == row.last);
  }
}

TEST_CASE("an object may not be larger than the limit") {
  std::string text = "{\"a\":\"";
  text.append(JsonSplitter::kMaxObjectSize, 'x');
  CHECK(split(Shape::kValues, text, 1 << 16).back() ==
        "! an object is larger than 8 MiB");
  CHECK(split(Shape::kLists, "{\"items\":[" + text, 1 << 16).back() ==
        "! an object is larger than 8 MiB");
}

TEST_CASE("brackets within brackets, and blanks, are bounded") {
  const std::string deep(1 << 20, '[');
  for (const std::string& text :
       {"{\"a\":" + deep, "{\"items\":[{\"a\":" + deep}) {
    CHECK(split(Shape::kLists, text, 1 << 16).back() ==
          "! more than 64 levels of nesting");
  }
  const std::string blanks(2 << 20, ' ');
  for (const char* before : {"", "{", "{\"a\":1,", "{\"items\":[", "{}"}) {
    CAPTURE(before);
    CHECK(split(Shape::kLists, before + blanks, 1 << 16).back() ==
          "! more than 1 MiB of whitespace around an object");
  }
  // Each object may have some.
  std::string many;
  for (int i = 0; i < 100; ++i) many += "{}" + std::string(100'000, ' ');
  CHECK(split(Shape::kValues, many, 1 << 16).back() == "{}");
}

TEST_CASE("the sink can stop it") {
  int parts = 0;
  JsonSplitter splitter(Shape::kValues, [&](JsonSplitter::Part, std::string&) {
    ++parts;
    return false;
  });
  CHECK_FALSE(splitter.feed("{}{}{}"));
  CHECK(parts == 1);
  CHECK(splitter.error().empty());
}
