#include "kubewatch/yaml_to_json.h"

#include <yaml-cpp/yaml.h>
// The parser's events; the header above does not include it.
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>

namespace canopy::kube {

namespace {

// Aliases may make much of little.
constexpr std::size_t kMaxGrowth = 4;
constexpr std::size_t kMaxGrown = 1 << 20;

void append_quoted(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20) {
      out += "\\u00";
      out += kHex[octet >> 4];
      out += kHex[octet & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

bool is_one_of(std::string_view text,
               std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

// A plain scalar of YAML 1.2's core schema; strings in quotes.
void append_plain(std::string& out, const std::string& text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) {
    out += "null";
    return;
  }
  if (is_one_of(text, {"true", "True", "TRUE"})) {
    out += "true";
    return;
  }
  if (is_one_of(text, {"false", "False", "FALSE"})) {
    out += "false";
    return;
  }
  const char* begin = text.data();
  const char* const end = begin + text.size();
  if (*begin == '+') ++begin;
  std::int64_t whole = 0;
  const auto read = std::from_chars(begin, end, whole);
  if (read.ec == std::errc() && read.ptr == end) {
    out += std::to_string(whole);
    return;
  }
  double number = 0;
  const auto real = std::from_chars(begin, end, number);
  if (real.ec == std::errc() && real.ptr == end && std::isfinite(number)) {
    char buffer[32];
    const auto written = std::to_chars(buffer, buffer + sizeof buffer, number);
    out.append(buffer, written.ptr);
    return;
  }
  append_quoted(out, text);
}

// Writes JSON as the events come in.
class JsonWriter : public YAML::EventHandler {
 public:
  // Of JSON, in all documents.
  explicit JsonWriter(std::size_t limit) : left_(limit) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp begins at ',' or ']' again and again, for ever.
    if (mark.pos == document_start_) fail(mark, "a value was expected here");
    document_start_ = mark.pos;
    json_.clear();
    open_.clear();
    anchors_.clear();
    started_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    scalar(mark, anchor, [&] { json_ += is_key() ? "\"\"" : "null"; });
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(mark, "an alias inside its own anchor");
    const auto [from, size] = found->second;
    if (json_.size() + size > left_) fail(mark, kTooMuch);
    const std::string text = json_.substr(from, size);
    scalar(mark, 0, [&] {
      if (is_key() && text.front() != '"') fail(mark, "an alias as a key");
      json_ += text;
    });
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    scalar(mark, anchor, [&] {
      // "?" marks what stood there without quotes or a tag of its own.
      if (is_key() && tag == "?" && value == "<<") {
        fail(mark, "merge keys (<<) are not supported; write the fields out");
      }
      if (is_key() || tag != "?") return append_quoted(json_, value);
      append_plain(json_, value);
    });
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(mark, anchor, '[');
  }
  void OnSequenceEnd() override { end(']'); }

  void OnMapStart(const YAML::Mark& mark, const std::string&,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    start(mark, anchor, '{');
  }
  void OnMapEnd() override { end('}'); }

  std::string take() {
    left_ -= std::min(left_, json_.size());
    return std::move(json_);
  }
  // Where the document's value began.
  const YAML::Mark& mark() const { return mark_; }

 private:
  static constexpr const char* kTooMuch =
      "its aliases make too much of it; write fewer of them";

  struct Open {
    bool is_map = false;
    std::size_t items = 0;  // keys count too
  };

  [[noreturn]] static void fail(const YAML::Mark& mark, const char* why) {
    throw YAML::ParserException(mark, why);
  }

  bool is_key() const {
    return !open_.empty() && open_.back().is_map && open_.back().items % 2 == 0;
  }

  void separate(const YAML::Mark& mark) {
    if (json_.size() > left_) fail(mark, kTooMuch);
    if (open_.empty()) {
      mark_ = mark;
      return;
    }
    const Open& in = open_.back();
    if (in.items == 0) return;
    json_ += in.is_map && in.items % 2 == 1 ? ':' : ',';
  }

  template <typename Write>
  void scalar(const YAML::Mark& mark, YAML::anchor_t anchor,
              const Write& write) {
    separate(mark);
    const std::size_t from = json_.size();
    write();
    if (anchor != 0) anchors_[anchor] = {from, json_.size() - from};
    if (!open_.empty()) ++open_.back().items;
  }

  void start(const YAML::Mark& mark, YAML::anchor_t anchor, char bracket) {
    if (is_key()) fail(mark, "a mapping's key must be a scalar");
    separate(mark);
    started_.emplace_back(anchor, json_.size());
    json_ += bracket;
    open_.push_back({bracket == '{', 0});
  }

  void end(char bracket) {
    json_ += bracket;
    open_.pop_back();
    const auto [anchor, from] = started_.back();
    started_.pop_back();
    if (anchor != 0) anchors_[anchor] = {from, json_.size() - from};
    if (!open_.empty()) ++open_.back().items;
  }

  std::size_t left_;
  std::string json_;
  std::vector<Open> open_;
  std::vector<std::pair<YAML::anchor_t, std::size_t>> started_;
  // Where in json_ the text of an anchor is: start and size.
  std::map<YAML::anchor_t, std::pair<std::size_t, std::size_t>> anchors_;
  YAML::Mark mark_;
  int document_start_ = -1;
};

std::size_t one_based(int at) {
  return static_cast<std::size_t>(at < 0 ? 0 : at) + 1;
}

std::size_t line_of(const YAML::Mark& mark) { return one_based(mark.line); }

YamlFault fault_at(const YAML::Mark& mark, std::string why) {
  return {line_of(mark), one_based(mark.column), std::move(why)};
}

}  // namespace

std::variant<std::vector<YamlDocument>, YamlFault> yaml_to_json(
    std::string yaml) {
  std::vector<YamlDocument> documents;
  JsonWriter writer(kMaxGrown + kMaxGrowth * yaml.size());
  std::istringstream stream(std::move(yaml));
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(writer)) {
      std::string json = writer.take();
      if (json.empty() || json == "null") continue;
      if (json.front() != '{') {
        return fault_at(writer.mark(), "a Kubernetes object was expected");
      }
      documents.push_back({std::move(json), line_of(writer.mark())});
    }
  } catch (const YAML::Exception& error) {
    return fault_at(error.mark, error.msg);
  }
  return documents;
}

}  // namespace canopy::kube
