#include "healthz/json.h"

#include <doctest/doctest.h>

#include <string>

namespace canopy {
namespace {

std::string json_of_text(std::string_view text) {
  std::string out;
  json::Writer(out).text(text);
  return out;
}

std::string json_of_number(double number) {
  std::string out;
  json::Writer(out).number(number);
  return out;
}

TEST_CASE("texts are escaped as Go does") {
  CHECK(json_of_text({}) == R"("")");
  CHECK(json_of_text(R"(no "1.1.0" in a\b)") == R"("no \"1.1.0\" in a\\b")");
  CHECK(json_of_text("a->b&c<d") == R"("a-\u003eb\u0026c\u003cd")");
  CHECK(json_of_text(std::string("\x01\n\t\0", 4)) == R"("\u0001\n\t\u0000")");
  CHECK(json_of_text("it's / 100 %") == R"("it's / 100 %")");
}

TEST_CASE("UTF-8 stays, and what is not UTF-8 becomes U+FFFD") {
  CHECK(json_of_text("\u00e4\u20ac\U0001f600") == "\"\u00e4\u20ac\U0001f600\"");
  CHECK(json_of_text("a\xff<") == "\"a\ufffd\\u003c\"");
  CHECK(json_of_text("\xc3") == "\"\ufffd\"");            // cut off
  CHECK(json_of_text("\xc0\xaf") == "\"\ufffd\ufffd\"");  // overlong
  CHECK(json_of_text("\xed\xa0\x80x") == "\"\ufffd\ufffd\ufffdx\"");  // half
}

TEST_CASE("numbers are the shortest that read back") {
  CHECK(json_of_number(0) == "0");
  CHECK(json_of_number(481739 / 1e9) == "0.000481739");
  CHECK(json_of_number(1.5) == "1.5");
  CHECK(json_of_number(30) == "30");
  CHECK(json_of_number(1e-9) == "0.000000001");
  CHECK(json_of_number(-0.1) == "-0.1");
}

TEST_CASE("objects and lists come without white space") {
  std::string out;
  json::Writer writer(out);
  writer.object().key("a").whole(~0ull).key("b").array().truth(true);
  writer.truth(false).object().end_object().end_array();
  writer.key("<").text("c").end_object();
  CHECK(out ==
        R"({"a":18446744073709551615,"b":[true,false,{}],"\u003c":"c"})");
}

TEST_CASE("JSON is taken as a value as it is, in its place") {
  std::string out;
  json::Writer(out)
      .array()
      .raw("\n{\"a\":1}")
      .raw("\n[]")
      .truth(true)
      .end_array();
  CHECK(out == "[\n{\"a\":1},\n[],true]");
}

TEST_CASE("what is written may be taken in pieces") {
  std::string out;
  json::Writer writer(out);
  writer.array().whole(1);
  CHECK(out == "[1");
  out.clear();
  writer.whole(2).end_array();
  CHECK(out == ",2]");
}

TEST_CASE("a value where JSON has none is an exception") {
  std::string out;
  json::Writer writer(out);
  writer.object();
  CHECK_THROWS_AS(writer.truth(true), json::WrongType);
  CHECK_THROWS_AS(json::Writer(out).object().end_array(), json::WrongType);
}

TEST_CASE("a wrong type in somebody's JSON is an exception") {
  rapidjson::Document document;
  document.Parse<json::kParseFlags>(R"({"a":1})");
  REQUIRE_FALSE(document.HasParseError());
  CHECK_THROWS_AS(document["a"].GetString(), json::WrongType);
  CHECK_THROWS_AS(document["b"].IsNull(), json::WrongType);
  CHECK_THROWS_AS(document.GetArray(), json::WrongType);
}

TEST_CASE("deep and ill-encoded JSON is read without harm") {
  rapidjson::Document document;
  document.Parse<json::kParseFlags>(std::string(300'000, '['));
  CHECK(document.HasParseError());
  document.Parse<json::kParseFlags>("\"\xff\"");
  CHECK(document.HasParseError());
}

}  // namespace
}  // namespace canopy
