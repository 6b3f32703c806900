// The rules of CoreDNS's directive `template`.  Immutable; part of the Plan.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/plan/name_pattern.h"
#include "server/plan/template_text.h"
#include "zones/answer.h"
#include "zones/name.h"
#include "zones/rr_types.h"

namespace canopy {

// A record of the answer, in master-file form.
struct TemplateRecord {
  Section section = Section::kAnswer;
  TemplateText text;

  friend bool operator==(const TemplateRecord&,
                         const TemplateRecord&) = default;
};

// An extended error (RFC 8914) of the answer.
struct TemplateError {
  InfoCode code = InfoCode::kOther;
  std::string text{};

  friend bool operator==(const TemplateError&, const TemplateError&) = default;
};

struct TemplateRule {
  static constexpr std::size_t kMostRecords = 64;

  std::optional<RrType> type{};  // nothing: all types
  // The rule is for names below these domains.
  std::vector<Name> domains{};
  // One of them must match the name, in lower case.  Empty: any name matches.
  std::vector<NamePattern> patterns{};
  // In the order of their sections; at most kMostRecords.
  std::vector<TemplateRecord> records{};
  Rcode rcode = Rcode::kNoError;
  std::optional<TemplateError> error{};
  // Names below these domains that no pattern matches go to the next rule, or
  // to the next step.  Other such names are a failure.
  std::vector<Name> fall_through{};
  std::string at{};  // "Corefile:12", for error texts

  // The longest of `domains` that contains the name; null: none.
  const Name* domain_of(NameView qname) const {
    const Name* longest = nullptr;
    for (const Name& domain : domains) {
      if (!qname.is_subdomain_of(domain)) continue;
      if (longest == nullptr || domain.size() > longest->size()) {
        longest = &domain;
      }
    }
    return longest;
  }

  friend bool operator==(const TemplateRule&, const TemplateRule&) = default;
};

// The rules of a block, in the order of the Corefile.  Successive plans and
// blocks of a plan share them.  Null: none.
struct SharedTemplates {
  std::shared_ptr<const std::vector<TemplateRule>> rules{};

  explicit operator bool() const { return rules != nullptr; }

  // Equal when both have equal rules or both are null.
  friend bool operator==(const SharedTemplates& a, const SharedTemplates& b) {
    if (a.rules == b.rules) return true;
    return a.rules != nullptr && b.rules != nullptr && *a.rules == *b.rules;
  }
};

}  // namespace canopy
