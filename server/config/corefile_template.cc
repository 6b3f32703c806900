// The directive template (coredns.io/plugins/template).
#include <array>
#include <limits>
#include <utility>

#include "server/config/corefile_directives.h"
#include "server/config/corefile_words.h"
#include "server/config/corefile_zones.h"
#include "server/config/template_parser.h"
#include "server/plan/template_rule.h"
#include "zones/record_text.h"

namespace canopy {
namespace {

// The most templates of a server block.  Each costs a query that the cache
// cannot answer up to one match of a regular expression per pattern.
constexpr std::size_t kMostTemplates = 100;

// Those that a header has room for, by number.
constexpr std::array<std::string_view, 11> kRcodes = {
    "NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
    "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};

TemplateSettings& last_template(CorefileReading& reading) {
  return reading.block.templates.back();
}

void add_zones(std::span<const CorefileToken> words, std::vector<Name>& to) {
  for (const CorefileToken& word : words) {
    for (Name& zone : value_of(word, zones_value)) to.push_back(zone);
  }
}

void read_match(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, kMostArguments});
  auto& patterns = last_template(reading).patterns;
  for (const CorefileToken& word : arguments_of(line)) {
    patterns.push_back(value_of(word, [](const std::string& text) {
      return NamePattern(text).text();
    }));
  }
  if (patterns.size() > kMostTemplates) {
    throw ConfigurationError("a template has at most " +
                             std::to_string(kMostTemplates) + " patterns");
  }
}

void read_record(const CorefileLine& line, CorefileReading& reading,
                 Section section) {
  require_arguments(line, {1, kMostArguments});
  auto& records = last_template(reading).records;
  for (const CorefileToken& word : arguments_of(line)) {
    value_of(word, parse_template);
    records.push_back({section, word.text});
  }
  if (records.size() > TemplateRule::kMostRecords) {
    throw ConfigurationError("a template has at most " +
                             std::to_string(TemplateRule::kMostRecords) +
                             " records");
  }
}

void read_rcode(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, 1});
  const std::string& text = line.words[1].text;
  for (std::size_t i = 0; i < kRcodes.size(); ++i) {
    if (text != kRcodes[i]) continue;
    last_template(reading).rcode = Rcode(static_cast<std::uint16_t>(i));
    return;
  }
  throw ConfigurationError("\"" + text +
                           "\" is not a response code such as NXDOMAIN");
}

// ederror CODE [TEXT]
void read_ederror(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, 2});
  const auto code = value_of(line.words[1], [](const std::string& text) {
    return number_value(text, {0, std::numeric_limits<std::uint16_t>::max()});
  });
  constexpr std::size_t kMostOctets = 255;  // so that the answer has room
  const std::string text = line.words.size() > 2 ? line.words[2].text : "";
  if (text.size() > kMostOctets) {
    throw ConfigurationError("the text has more than 255 characters");
  }
  last_template(reading).error =
      TemplateError{InfoCode{static_cast<std::uint16_t>(code)}, text};
}

void read_fallthrough(const CorefileLine& line, CorefileReading& reading) {
  auto& zones = last_template(reading).fall_through;
  zones.clear();
  if (line.words.size() == 1) zones.emplace_back();  // the root: all names
  add_zones(arguments_of(line), zones);
}

constexpr std::string_view kNoExpressions =
    "is not supported; write the condition as a regular expression in match";

constexpr CorefileRow kTemplateRows[] = {
    {.name = "match", .read = read_match},
    {.name = "answer",
     .read =
         [](const CorefileLine& line, CorefileReading& r) {
           read_record(line, r, Section::kAnswer);
         }},
    {.name = "authority",
     .read =
         [](const CorefileLine& line, CorefileReading& r) {
           read_record(line, r, Section::kAuthority);
         }},
    {.name = "additional",
     .read =
         [](const CorefileLine& line, CorefileReading& r) {
           read_record(line, r, Section::kAdditional);
         }},
    {.name = "rcode", .read = read_rcode},
    {.name = "ederror", .read = read_ederror},
    {.name = "fallthrough", .read = read_fallthrough},
    {.name = "upstream", .read = accept_any},  // CoreDNS ignores it too
    {.name = "expr", .why_not = kNoExpressions},
    {.name = "var", .why_not = kNoExpressions},
};

}  // namespace

const CorefileTable kTemplateOptions{kTemplateRows};

// template CLASS TYPE [ZONE..]
void read_template(const CorefileLine& line, CorefileReading& reading) {
  // First, so that the options after a fault have a template to go to.
  TemplateSettings& settings = reading.block.templates.emplace_back();
  settings.at = line.at().text();
  require_arguments(line, {2, kMostArguments});
  const std::string& rr_class = line.words[1].text;
  if (rr_class != "IN" && rr_class != "ANY") {
    throw ConfigurationError("\"" + rr_class +
                             "\" is not IN or ANY: queries of other classes "
                             "are refused");
  }
  const std::string& type = line.words[2].text;
  if (type != "ANY") {
    settings.type = any_type_from_text(type);
    if (!settings.type) {
      throw ConfigurationError("\"" + type +
                               "\" is not a record type such as AAAA or ANY");
    }
  }
  add_zones(arguments_of(line).subspan(2), settings.domains);
  if (reading.block.templates.size() > kMostTemplates) {
    throw ConfigurationError("a server block has at most " +
                             std::to_string(kMostTemplates) + " templates");
  }
}

}  // namespace canopy
