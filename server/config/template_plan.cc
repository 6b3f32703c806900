#include "server/config/template_plan.h"

#include <utility>

#include "server/config/template_parser.h"

namespace canopy {
namespace {

void add_records(const TemplateSettings& settings, Section section,
                 std::vector<TemplateRecord>& records) {
  for (const TemplateSettings::Text& text : settings.records) {
    if (text.section != section) continue;
    records.push_back({section, parse_template(text.text)});
  }
}

TemplateRule compile(const TemplateSettings& settings,
                     const ServerBlock& block) {
  TemplateRule rule{.type = settings.type,
                    .domains = settings.domains,
                    .rcode = settings.rcode,
                    .error = settings.error,
                    .fall_through = settings.fall_through,
                    .at = settings.at};
  if (settings.domains.empty()) {
    rule.domains.reserve(block.keys.size());
    for (const ServerKey& key : block.keys) rule.domains.push_back(key.domain);
  }
  rule.patterns.reserve(settings.patterns.size());
  for (const std::string& pattern : settings.patterns) {
    rule.patterns.emplace_back(pattern);
  }
  rule.records.reserve(settings.records.size());
  for (const Section section :
       {Section::kAnswer, Section::kAuthority, Section::kAdditional}) {
    add_records(settings, section, rule.records);
  }
  return rule;
}

}  // namespace

SharedTemplates compile_templates(const ServerBlock& block) {
  if (block.templates.empty()) return {};
  std::vector<TemplateRule> rules;
  rules.reserve(block.templates.size());
  for (const TemplateSettings& settings : block.templates) {
    rules.push_back(compile(settings, block));
  }
  return {std::make_shared<const std::vector<TemplateRule>>(std::move(rules))};
}

}  // namespace canopy
