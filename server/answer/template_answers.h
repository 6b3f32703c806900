// Answers from the block's templates (CoreDNS's directive `template`).  They
// are computed for each query and never cached: that costs less than a lookup
// in a zone, and no answer outlives its plan.  On one worker's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/answer/resolution.h"
#include "server/answer/rotation.h"
#include "server/answer/zone_answers.h"
#include "server/observe/query_counters.h"
#include "server/plan/template_rule.h"
#include "zones/answer.h"
#include "zones/message_writer.h"
#include "zones/rrset.h"

namespace canopy {

class TemplateAnswers {
 public:
  explicit TemplateAnswers(QueryCounters& counters) : counters_(counters) {}

  // The answer of the block's first rule that matches; kNotOurs when none does.
  // A name that a rule is for and that it neither matches nor lets through, and
  // a text that is no record, are SERVFAIL.  kLeadsOut: a CNAME to a name that
  // upstreams are to be asked for.  REQUIRES: the block has templates.
  ZoneAnswers::Found find(const Resolution& resolution);

 private:
  struct Made {
    Section section;
    Record record;
  };

  // True when the rule has no patterns or one matches name_.
  bool match(const TemplateRule& rule);
  ZoneAnswers::Found answer(const TemplateRule& rule, const Name& domain,
                            const Resolution& resolution);
  // The answer of made_.
  ZoneAnswers::Found encode(const TemplateRule& rule,
                            const Resolution& resolution);
  ZoneAnswers::Found failure(const TemplateRule& rule, std::string_view why,
                             const Resolution& resolution);
  // Sets made_.  False when a text is no record.
  bool make_records(const TemplateRule& rule, const TemplateValues& values);
  void write_records(Section section, const Query& query);
  // Nothing: there is no CNAME to follow.
  std::optional<NameView> target_to_follow(RrType qtype) const;
  // Adds the zones' records of the CNAME's target.  Sets followed_, with
  // `unfinished` when upstreams are to be asked for the rest.
  void follow(NameView target, const Resolution& resolution);

  QueryCounters& counters_;

  // Buffers, reused for each query.
  std::string name_;
  const NamePattern* pattern_ = nullptr;
  std::vector<std::string_view> match_;
  std::string text_;
  std::vector<Made> made_;
  Answer followed_;
  Rotation rotation_;
  MessageWriter writer_;
  ExtendedError error_;
};

}  // namespace canopy
