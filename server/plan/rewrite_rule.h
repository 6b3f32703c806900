// One rule of CoreDNS's directive rewrite.  A plain value.
//
// Names in rules and patterns are compared as texts in lower case with a dot at
// the end, as in CoreDNS: "www.example.com.".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/ttl_range.h"
#include "server/plan/name_pattern.h"
#include "zones/rr_types.h"

namespace canopy {

// Which names a rule applies to.
struct NameTest {
  enum class How : std::uint8_t {
    kExact,
    kPrefix,
    kSuffix,
    kSubstring,
    kRegex,
  };
  How how = How::kExact;
  std::string text{};                    // empty for kRegex
  std::optional<NamePattern> pattern{};  // set for kRegex

  friend bool operator==(const NameTest&, const NameTest&) = default;
};

// Replaces names of the answer that match `from` by `to`, in which {1} stands
// for a group.
struct AnswerRewrite {
  enum class Which : std::uint8_t {
    kOwners,  // answer name
    kValues,  // answer value: the name in an SRV, MX, CNAME and the like
  };
  Which which = Which::kOwners;
  NamePattern from;
  std::string to;

  friend bool operator==(const AnswerRewrite&, const AnswerRewrite&) = default;
};

struct RewriteRule {
  enum class Field : std::uint8_t { kName, kType, kTtl };
  Field field = Field::kName;
  bool goes_on = false;  // continue: later rules are tried too
  // --- kName and kTtl ---
  NameTest test{};
  // --- kName ---
  std::string to{};  // replaces the text that matches; kExact, kRegex: all
  // answer auto: owners and values of the answer are changed back.  Always for
  // kExact.
  bool is_undone = false;
  std::vector<AnswerRewrite> answers{};
  // --- kType ---
  RrType type_from{};
  RrType type_to{};
  // --- kTtl ---
  TtlRange ttl{};  // bounds on the answer's TTLs

  friend bool operator==(const RewriteRule&, const RewriteRule&) = default;
};

}  // namespace canopy
