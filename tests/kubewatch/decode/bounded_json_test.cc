#include "kubewatch/decode/bounded_json.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace canopy::kube;

namespace {

std::string parsed(std::string text) {
  rapidjson::Document document;
  return parse_bounded(text, document);
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

// An array of so many numbers: one value more.
std::string numbers(std::size_t count) {
  std::string text = "[0";
  for (std::size_t i = 1; i < count; ++i) text += ",0";
  return text + "]";
}

std::string fault_in(const std::string& text) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(),
                                                             std::fclose);
  REQUIRE(file);
  std::fwrite(text.data(), 1, text.size(), file.get());
  std::rewind(file.get());
  const auto fault = find_json_fault(file.get());
  return fault ? fault->why : "";
}

}  // namespace

TEST_CASE("values are read whole, of every type") {
  std::string text =
      R"({"a":[null,true,-1,2,-5000000000,5000000000,1.5,"b\n"],"c":{}})";
  rapidjson::Document document;
  CHECK(parse_bounded(text, document) == "");
  CHECK(document["a"].Size() == 8);
  CHECK(document["a"][6].GetDouble() == 1.5);
  CHECK(std::string(document["a"][7].GetString()) == "b\n");
  CHECK(document["c"].ObjectEmpty());
  CHECK(parsed("{") != "");
}

TEST_CASE("a key that stands twice is a fault in what is served") {
  CHECK(fault_in(R"({"kind":"Service","spec":{"a":1,"b":2,"a":3}})") ==
        "the key \"a\" appears twice in one mapping");
  CHECK(fault_in(R"({"a":1,"a":2,"kind":"List"})").starts_with("the key"));
  CHECK(fault_in(R"({"kind":"List","items":[{"a":1,"a":2}]})") != "");
  CHECK(fault_in(R"({"kind":"Deployment","kind":"Service"})") != "");
  CHECK(fault_in(R"({"kind":"Service","a":{"b":1},"c":[{"b":1},{"b":1}]})") ==
        "");
  CHECK(fault_in(R"({"a":1,"a":2} {"kind":"Service"})") == "");
  CHECK(fault_in(R"({"kind":"Deployment","a":1,"a":2})") == "");
}

TEST_CASE("values and brackets within brackets are bounded") {
  CHECK(parsed(nested(64)) == "");
  CHECK(parsed(nested(65)) == "more than 64 levels of nesting");
  CHECK(parsed(std::string(15 << 20, '[')) == "more than 64 levels of nesting");
  CHECK(parsed(numbers(kMaxValues - 1)) == "");
  CHECK(parsed(numbers(kMaxValues)) ==
        "more than 600,000 values in one object");
}

TEST_CASE("a file may hold any number of values, but no deeper ones") {
  CHECK(fault_in(numbers(2 * kMaxValues)) == "");
  CHECK(fault_in(nested(64) + " {}") == "");
  CHECK(fault_in(nested(65)) == "more than 64 levels of nesting");
  CHECK(fault_in("{,}") != "");
}

TEST_CASE("a file has a bound on its JSON values") {
  std::string text;
  for (int i = 0; i < 250'000; ++i) text += "{}\n";
  CHECK(fault_in(text).empty());
  CHECK(fault_in(text + "{}") ==
        "more than 250,000 documents in one file; split it into several files");
}
