#include "server/answer/answer_turner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "zones/message_index.h"
#include "zones/octets.h"
#include "zones/rdata_names.h"

namespace canopy {
namespace {

using Which = AnswerRewrite::Which;
using Step = RewrittenQuery::Step;

// Replaces `name` by `to` at the end of `text`, where a label starts.
void replace_domain(std::string& text, const std::string& name,
                    const std::string& to) {
  if (!text.ends_with(name)) return;
  const std::size_t at = text.size() - name.size();
  if (at > 0 && text[at - 1] != '.') return;
  text.replace(at, name.size(), to);
}

void undo(const Step& step, std::string& text) {
  const RewriteRule& rule = *step.rule;
  if (rule.test.how != NameTest::How::kSuffix) {
    return replace_domain(text, step.after, step.before);
  }
  if (!text.ends_with(rule.to)) return;
  text.replace(text.size() - rule.to.size(), rule.to.size(), rule.test.text);
}

void apply_answers(const RewriteRule& rule, Which which, std::string& text) {
  std::vector<std::string_view> groups;
  const auto& answers = rule.answers;
  for (auto answer = answers.rbegin(); answer != answers.rend(); ++answer) {
    if (answer->which != which || !answer->from.match(text, groups)) continue;
    auto next = with_groups(answer->to, groups);
    if (next) text = std::move(*next);
  }
}

// As in CoreDNS, the rules' changes to answers are made in reverse order.
void turn_back(const RewrittenQuery& query, Which which, std::string& text) {
  for (auto step = query.steps.rbegin(); step != query.steps.rend(); ++step) {
    const RewriteRule& rule = *step->rule;
    if (rule.field != RewriteRule::Field::kName) continue;
    apply_answers(rule, which, text);
    if (rule.is_undone) {
      undo(*step, text);
    } else if (rule.answers.empty() && which == Which::kOwners &&
               text == step->after) {
      // Clients drop records of a name that they did not ask for.
      text = step->before;
    }
  }
}

Name turned(NameView name, Which which, const RewrittenQuery& query) {
  const std::string before = folded_text(name);
  std::string text = before;
  turn_back(query, which, text);
  if (text == before) return Name(name);
  return Name::from_text(text).value_or(Name(name));
}

std::uint32_t turned_ttl(std::uint32_t ttl, const RewrittenQuery& query) {
  for (auto step = query.steps.rbegin(); step != query.steps.rend(); ++step) {
    if (step->rule->field != RewriteRule::Field::kTtl) continue;
    ttl = step->rule->ttl.clamp(ttl);
  }
  return ttl;
}

bool has_value(RrType type) {
  switch (type) {
    case RrType::kCname:
    case RrType::kDname:
    case RrType::kMx:
    case RrType::kNaptr:
    case RrType::kNs:
    case RrType::kPtr:
    case RrType::kSoa:
    case RrType::kSrv:
      return true;
    default:
      return false;
  }
}

// Turns the first name in `rdata`, which is uncompressed.
void turn_value(RrType type, Octets& rdata, const RewrittenQuery& query) {
  if (!has_value(type)) return;
  const auto names = rdata_names(type, rdata);
  if (!names || names->before >= rdata.size()) return;
  const auto at = rdata.begin() + static_cast<std::ptrdiff_t>(names->before);
  const auto old = Name::from_wire(std::span(rdata).subspan(names->before));
  if (!old) return;
  const Name next = turned(*old, Which::kValues, query);
  const auto wire = next.wire();
  rdata.erase(at, at + static_cast<std::ptrdiff_t>(old->size()));
  rdata.insert(rdata.begin() + static_cast<std::ptrdiff_t>(names->before),
               wire.begin(), wire.end());
}

}  // namespace

const Said& AnswerTurner::turn(const Said& said, const RewrittenQuery& query) {
  age(said);
  writer_.start(query.asked);
  has_last_ = false;
  MessageReader reader(message_);
  bool is_whole = true;
  for (const RrsetSpan& rrset : said.answer.rrsets) {
    reader.seek(rrset.offset);
    for (unsigned i = 0; i < rrset.count && is_whole; ++i) {
      is_whole = copy_record(rrset.section, reader, query);
    }
  }
  auto flags = static_cast<std::uint16_t>(load16(message_, 2) & 0xFFF0);
  if (!is_whole || writer_.is_cut()) flags |= flag::kTc;
  said_.answer = writer_.finish(Rcode(load16(message_, 2) & 0xF), flags);
  said_.form = said.form;
  said_.form.age = 0;
  return said_;
}

// Copies the message and ages its TTLs.  Those of a zone's own records, which
// do not age, are not among the offsets.
void AnswerTurner::age(const Said& said) {
  const auto message = said.answer.message;
  message_.assign(message.begin(), message.end());
  for (const std::uint16_t at : said.answer.ttl_offsets) {
    const std::uint32_t ttl = load32(message_, at);
    store32(message_, at, ttl - std::min(ttl, said.form.age));
  }
}

bool AnswerTurner::copy_record(Section section, MessageReader& reader,
                               const RewrittenQuery& query) {
  const auto record = reader.record();
  if (!record) return false;
  auto rdata = expanded_rdata(reader, *record, message_);
  if (!rdata) return false;
  turn_value(record->type, *rdata, query);
  writer_.add(section, owner_of(*record, query), record->type,
              turned_ttl(record->ttl, query), *rdata);
  return true;
}

NameView AnswerTurner::owner_of(const MessageRecord& record,
                                const RewrittenQuery& query) {
  if (has_last_ && last_owner_ == record.owner) return owners_[last_];
  has_last_ = true;
  last_owner_ = record.owner;
  last_ = 1 - last_;
  owners_[last_] = turned(record.owner, Which::kOwners, query);
  return owners_[last_];
}

}  // namespace canopy
