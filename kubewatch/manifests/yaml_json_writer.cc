#include "kubewatch/manifests/yaml_json_writer.h"

#include <algorithm>

#include "kubewatch/manifests/yaml_merge.h"
#include "kubewatch/manifests/yaml_scalar.h"

namespace canopy::kube {

namespace {

constexpr const char* kTooMuch =
    "its aliases expand to too much text; use fewer of them";
constexpr const char* kTooManyNodes =
    "more than 2,000,000 mappings and list items in one file; split it into "
    "several files";
constexpr const char* kTooManyAnchors =
    "more than 100,000 anchors in one document; use fewer of them";

[[noreturn]] void fail(const YAML::Mark& mark, const char* why) {
  throw YAML::ParserException(mark, why);
}

// True for a scalar without quotes and without a tag.
bool is_plain(const std::string& tag) { return tag == "?"; }

// With such a tag, a quoted scalar is read as a plain one: !!bool "true" is
// true.
bool is_read_as_plain(const std::string& tag) {
  return is_plain(tag) || tag == "tag:yaml.org,2002:bool" ||
         tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" ||
         tag == "tag:yaml.org,2002:null";
}

// The offset after the key `value` that starts at `at`.  Nothing when the key
// is written in another form (with a tag or an anchor).
std::optional<std::size_t> end_of_key(std::string_view text, std::size_t at,
                                      std::string_view value) {
  if (at >= text.size()) return std::nullopt;
  const char quote = text[at];
  if (quote != '"' && quote != '\'') {
    if (text.substr(at, value.size()) != value) return std::nullopt;
    return at + value.size();
  }
  for (++at; at < text.size() && text[at] != quote; ++at) {
    if (quote == '"' && text[at] == '\\') ++at;
  }
  return at + 1;
}

}  // namespace

void YamlJsonWriter::OnDocumentStart(const YAML::Mark& mark) {
  // At ',' or ']', yaml-cpp would start a document at the same position
  // forever.
  if (mark.pos == document_start_) fail(mark, "expected a value here");
  document_start_ = mark.pos;
  json_.clear();
  open_.clear();
  anchors_.clear();
  started_.clear();
  keys_ = {};
  repeated_.reset();
  has_merges_ = false;
}

void YamlJsonWriter::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (is_key()) fail(mark, "a key is empty");
  expect_colon();
  scalar(mark, anchor, [&] { json_ += "null"; });
}

void YamlJsonWriter::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) fail(mark, "an alias inside its own anchor");
  const Part part = found->second;
  if (json_.size() + part.size > left_) fail(mark, kTooMuch);
  const std::string text = json_.substr(part.from, part.size);
  scalar(mark, 0, [&] {
    if (is_key() && text.front() != '"')
      fail(mark, "an alias used as a key must be a string");
    json_ += text;
  });
}

void YamlJsonWriter::OnScalar(const YAML::Mark& mark, const std::string& tag,
                              YAML::anchor_t anchor, const std::string& value) {
  if (is_key()) return key(mark, is_plain(tag), anchor, value);
  keys_.note_text(value);
  scalar(mark, anchor, [&] {
    if (!is_read_as_plain(tag)) return append_quoted(json_, value);
    append_plain(json_, value);
  });
}

void YamlJsonWriter::OnSequenceStart(const YAML::Mark& mark, const std::string&,
                                     YAML::anchor_t anchor,
                                     YAML::EmitterStyle::value) {
  start(mark, anchor, {.bracket = '['});
}

void YamlJsonWriter::OnMapStart(const YAML::Mark& mark, const std::string&,
                                YAML::anchor_t anchor,
                                YAML::EmitterStyle::value style) {
  start(mark, anchor,
        {.bracket = '{', .is_flow = style == YAML::EmitterStyle::Flow});
}

std::string YamlJsonWriter::take() {
  if (repeated_ && keys_.matter()) throw YAML::ParserException(*repeated_);
  left_ -= std::min(left_, json_.size());
  return std::move(json_);
}

bool YamlJsonWriter::is_key() const {
  return !open_.empty() && open_.back().is_map() && open_.back().items % 2 == 0;
}

void YamlJsonWriter::key(const YAML::Mark& mark, bool is_plain,
                         YAML::anchor_t anchor, const std::string& value) {
  key_mark_ = mark;
  key_ = value;
  const bool is_merge = is_plain && value == "<<";
  has_merges_ = has_merges_ || is_merge;
  const std::string name = is_plain ? plain_key(value) : value;
  if (!is_merge && !keys_.add(name) && !repeated_) {
    repeated_.emplace(mark, repeated_key_text(value, keys_.is_at_root()));
  }
  scalar(mark, anchor, [&] {
    append_quoted(json_, is_merge ? std::string_view(kMergeKey) : name);
  });
}

// Checks that a key has a colon.  A key without a value is valid, but yaml-cpp
// also accepts a last line without the colon.
void YamlJsonWriter::expect_colon() const {
  if (open_.empty() || !open_.back().is_map() || open_.back().is_flow) return;
  const auto at = static_cast<std::size_t>(std::max(0, key_mark_.pos));
  const auto end = end_of_key(text_, at, key_);
  if (!end) return;
  const std::size_t next = text_.find_first_not_of(" \t", *end);
  if (next != text_.npos && text_[next] == ':') return;
  fail(key_mark_, kNoColon);
}

void YamlJsonWriter::separate(const YAML::Mark& mark) {
  if (json_.size() > left_) fail(mark, kTooMuch);
  if (open_.empty()) {
    mark_ = mark;
    key_mark_ = mark;
    return;
  }
  const Open& in = open_.back();
  if (in.items == 0) return;
  json_ += in.is_map() && in.items % 2 == 1 ? ':' : ',';
}

void YamlJsonWriter::count_node(const YAML::Mark& mark) {
  if (++nodes_ > kMaxNodes) fail(mark, kTooManyNodes);
}

template <typename Write>
void YamlJsonWriter::scalar(const YAML::Mark& mark, YAML::anchor_t anchor,
                            const Write& write) {
  if (!open_.empty() && !open_.back().is_map()) count_node(mark);
  separate(mark);
  const std::size_t from = json_.size();
  write();
  complete(anchor, from);
}

void YamlJsonWriter::start(const YAML::Mark& mark, YAML::anchor_t anchor,
                           Open open) {
  if (is_key()) fail(mark, "a mapping's key must be a scalar");
  count_node(mark);
  separate(mark);
  started_.emplace_back(anchor, json_.size());
  json_ += open.bracket;
  open_.push_back(open);
  keys_.open();
}

void YamlJsonWriter::end(char bracket) {
  json_ += bracket;
  open_.pop_back();
  keys_.close();
  const auto [anchor, from] = started_.back();
  started_.pop_back();
  complete(anchor, from);
}

// Ends the value that began at `from`: counts one more item, and stores the
// value for `anchor`.
void YamlJsonWriter::complete(YAML::anchor_t anchor, std::size_t from) {
  if (anchor != 0) note_anchor(anchor, {from, json_.size() - from});
  if (!open_.empty()) ++open_.back().items;
}

void YamlJsonWriter::note_anchor(YAML::anchor_t anchor, const Part& part) {
  if (anchors_.size() == kMaxAnchors) fail(key_mark_, kTooManyAnchors);
  anchors_[anchor] = part;
}

}  // namespace canopy::kube
