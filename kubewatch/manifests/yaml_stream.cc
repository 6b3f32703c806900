#include "kubewatch/manifests/yaml_stream.h"

#include <algorithm>

namespace canopy::kube {

namespace {

constexpr std::size_t kLongLine = 4 << 10;

bool is_one_of(char c, std::string_view set) { return set.find(c) != set.npos; }

std::string_view without_blanks_at_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

// True when a value can begin after `before`: at the start of a line, or after
// an indicator, a tag or an anchor.
bool precedes_value(std::string_view before) {
  before = without_blanks_at_end(before);
  const std::string_view word = before.substr(before.find_last_of(" \t") + 1);
  return word.empty() || word == "-" || word == "?" || word == "---" ||
         word.back() == ':' || is_one_of(word.front(), "&!");
}

// The offset after the quoted scalar that begins at `at`; npos when the scalar
// does not end in `line`.
std::size_t behind_quotes(std::string_view line, std::size_t at) {
  const char quote = line[at];
  for (++at; at < line.size() && line[at] != quote; ++at) {
    if (quote == '"' && line[at] == '\\') ++at;
  }
  return at < line.size() ? at + 1 : line.npos;
}

// As start_of_flow(), for one line.  Returns the line's size when a value may
// begin on the next line.
std::size_t flow_in_line(std::string_view line) {
  const std::size_t size = line.size();
  std::size_t at = 0;
  while (at < line.size()) {
    const char c = line[at];
    const std::string_view before = line.substr(0, at);
    const bool is_first = at == 0 || is_one_of(before.back(), " \t");
    if (c == '#' && is_first) {
      line = before;  // a comment
      break;
    }
    const bool is_inside = at > 0 && is_one_of(before.back(), "[{,");
    const bool is_value =
        is_one_of(c, "[{\"'") && (is_inside || precedes_value(before));
    if (is_value && is_one_of(c, "[{")) return at;
    at = is_value ? behind_quotes(line, at) : at + 1;
  }
  if (at == line.npos) return at;
  return precedes_value(line) ? size : line.npos;
}

}  // namespace

std::size_t start_of_flow(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    const std::size_t at = flow_in_line(text.substr(from, end - from));
    if (at == text.npos) return at;
    if (from + at < end) return from + at;
    from = end + 1;
  }
  return text.size();
}

YamlStream::YamlStream(std::string& text, const YamlJsonWriter& writer)
    : std::istream(this), writer_(writer), left_(writer.left()) {
  setg(text.data(), text.data(), text.data() + text.size());
}

std::streamsize YamlStream::xsgetn(char* to, std::streamsize size) {
  const std::string_view text(eback(),
                              static_cast<std::size_t>(egptr() - eback()));
  const auto at = static_cast<std::size_t>(gptr() - eback());
  look(text.substr(0, at));
  if (at > 0 && text[at - 1] == '\n') line_ = at;
  piece_ = at;
  std::string_view piece = text.substr(at, static_cast<std::size_t>(size));
  piece = piece.substr(0, std::min(piece.find('\n'), piece.size() - 1) + 1);
  std::copy(piece.begin(), piece.end(), to);
  gbump(static_cast<int>(piece.size()));
  return static_cast<std::streamsize>(piece.size());
}

// `read` is the text that the parser has read.
void YamlStream::look(std::string_view read) {
  if (writer_.left() != left_) {
    left_ = writer_.left();
    // A line may be long because the parser reports brackets piece by piece.
    pending_ = piece_ - line_ > kLongLine ? piece_ : line_;
    is_scalar_ = false;
  }
  if (is_scalar_ || read.size() - pending_ <= kMostFlow) return;
  const std::size_t start = start_of_flow(read, pending_);
  is_scalar_ = start == read.npos;
  if (is_scalar_) return;
  pending_ = start;
  if (read.size() - start <= kMostFlow) return;
  YAML::Mark mark;
  mark.line = static_cast<int>(std::count(
      read.begin(), read.begin() + static_cast<std::ptrdiff_t>(start), '\n'));
  throw YAML::ParserException(
      mark,
      "brackets with more than 256 KiB between them; write this as lines of "
      "YAML, or as a JSON file");
}

}  // namespace canopy::kube
