// CoreDNS's directive `template` as settings.  Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/plan/template_rule.h"
#include "zones/answer.h"
#include "zones/name.h"
#include "zones/rr_types.h"

namespace canopy {

struct TemplateSettings {
  struct Text {
    Section section = Section::kAnswer;
    std::string text;

    friend bool operator==(const Text&, const Text&) = default;
  };

  std::optional<RrType> type{};         // nothing: ANY
  std::vector<Name> domains{};          // empty: those of the server block
  std::vector<std::string> patterns{};  // regular expressions
  std::vector<Text> records{};          // in the order of the file
  Rcode rcode = Rcode::kNoError;
  std::optional<TemplateError> error{};
  std::vector<Name> fall_through{};
  std::string at{};  // "Corefile:12", for error texts

  friend bool operator==(const TemplateSettings&,
                         const TemplateSettings&) = default;
};

}  // namespace canopy
