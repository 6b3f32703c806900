#include "kubewatch/manifests/yaml_to_json.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "kubewatch/decode/bounded_json.h"
#include "kubewatch/decode/text_encoding.h"
#include "kubewatch/manifests/yaml_json_writer.h"
#include "kubewatch/manifests/yaml_merge.h"
#include "kubewatch/manifests/yaml_stream.h"

namespace canopy::kube {

namespace {

// Limits the expansion of aliases.
constexpr std::size_t kMaxGrowth = 4;
constexpr std::size_t kMaxGrown = 1 << 20;
// The maximum number of %TAG lines of one file.  yaml-cpp keeps about 110
// octets for each, and Kubernetes does not need them.
constexpr std::size_t kMaxTags = 1'000;

std::size_t one_based(int at) {
  return static_cast<std::size_t>(at < 0 ? 0 : at) + 1;
}

std::size_t line_of(const YAML::Mark& mark) { return one_based(mark.line); }

YamlFault fault_at(const YAML::Mark& mark, std::string why) {
  return {line_of(mark), one_based(mark.column), std::move(why)};
}

YamlFault fault_of(const YAML::Exception& error, const YamlJsonWriter& writer) {
  if (error.msg == YAML::ErrorMsg::END_OF_MAP) {
    return fault_at(error.mark, kNoColon);
  }
  if (error.msg != YAML::ErrorMsg::EOF_IN_SCALAR) {
    return fault_at(error.mark, error.msg);
  }
  // The position of the opening quote is unknown, so report the last value
  // before the quote.
  return fault_at(writer.last_mark(),
                  "a quote opened here or below is never closed");
}

std::optional<YamlFault> control_fault(std::string_view text) {
  const auto at = find_control_character(text);
  if (!at) return std::nullopt;
  const std::string_view before = text.substr(0, *at);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return YamlFault{static_cast<std::size_t>(lines) + 1, *at - start + 1,
                   "a control character, which YAML does not allow"};
}

std::optional<YamlFault> tag_fault(std::string_view text) {
  constexpr std::string_view kTag = "%TAG";
  std::size_t tags = 0;
  for (std::size_t at = text.find(kTag); at != text.npos;
       at = text.find(kTag, at + 1)) {
    const bool begins_line = at == 0 || text[at - 1] == '\n';
    if (!begins_line || ++tags <= kMaxTags) continue;
    const auto lines = std::count(text.begin(), text.begin() + at, '\n');
    return YamlFault{static_cast<std::size_t>(lines) + 1, 1,
                     "more than 1,000 %TAG lines in one file; remove them"};
  }
  return std::nullopt;
}

// True when {{ begins a line, or when the line with the error contains {{.
bool is_template(std::string_view text, std::size_t fault_line) {
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::string_view here = text.substr(0, text.find('\n'));
    const std::size_t first =
        std::min(here.find_first_not_of(" \t"), here.size());
    const bool is_there = line == fault_line
                              ? here.find("{{") != here.npos
                              : here.substr(first).starts_with("{{");
    if (is_there) return true;
    text.remove_prefix(std::min(here.size() + 1, text.size()));
  }
  return false;
}

// "", or the reason why the document is invalid.
std::string finish(const YamlJsonWriter& writer, std::string& json) {
  if (json.starts_with("[{")) json = "{}";  // a patch
  if (json.front() != '{') return "expected a Kubernetes object";
  return writer.has_merges() ? resolve_merges(json) : std::string();
}

std::variant<std::vector<YamlDocument>, YamlFault> documents_of(
    std::string& yaml) {
  std::vector<YamlDocument> documents;
  YamlJsonWriter writer(kMaxGrown + kMaxGrowth * yaml.size(), yaml);
  YamlStream stream(yaml, writer);
  try {
    YAML::Parser parser(stream);
    for (std::size_t count = 1; parser.HandleNextDocument(writer); ++count) {
      if (count > kMaxDocuments) {
        return fault_at(writer.mark(), kTooManyDocuments);
      }
      std::string json = writer.take();
      if (json.empty() || json == "null") continue;
      std::string why = finish(writer, json);
      if (!why.empty()) return fault_at(writer.mark(), std::move(why));
      documents.push_back({std::move(json), line_of(writer.mark())});
    }
  } catch (const YAML::Exception& error) {
    return fault_of(error, writer);
  }
  return documents;
}

}  // namespace

std::variant<std::vector<YamlDocument>, YamlFault> yaml_to_json(
    std::string yaml) {
  yaml = utf8_text(std::move(yaml));
  if (auto fault = control_fault(yaml)) return *std::move(fault);
  if (auto fault = tag_fault(yaml)) return *std::move(fault);
  // yaml-cpp accepts an unclosed quote if the text ends with a line break.
  yaml += "\n#";
  auto documents = documents_of(yaml);
  if (auto* fault = std::get_if<YamlFault>(&documents)) {
    if (is_template(yaml, fault->line)) fault->why += kTemplateHint;
  }
  return documents;
}

}  // namespace canopy::kube
