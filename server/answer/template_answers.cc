#include "server/answer/template_answers.h"

#include <algorithm>
#include <utility>

#include "server/net/peer_address.h"
#include "zones/record_text.h"

namespace canopy {
namespace {

bool is_for(const TemplateRule& rule, RrType qtype) {
  return !rule.type || qtype == RrType::kAny || rule.type == qtype;
}

bool falls_through(const TemplateRule& rule, NameView qname) {
  return std::ranges::any_of(rule.fall_through, [&](const Name& domain) {
    return qname.is_subdomain_of(domain);
  });
}

std::string lower_case(std::string text) {
  for (char& c : text) {
    c = static_cast<char>(fold(static_cast<std::uint8_t>(c)));
  }
  return text;
}

std::uint16_t recursion(const Resolution& resolution) {
  return resolution.block.forwards() ? flag::kRa : std::uint16_t{0};
}

}  // namespace

ZoneAnswers::Found TemplateAnswers::find(const Resolution& resolution) {
  const Query& query = resolution.looked_up;
  name_ = lower_case(query.qname.to_text());
  for (const TemplateRule& rule : *resolution.block.templates.rules) {
    const Name* const domain = rule.domain_of(query.qname);
    if (domain == nullptr || !is_for(rule, query.qtype)) continue;
    if (match(rule)) return answer(rule, *domain, resolution);
    if (falls_through(rule, query.qname)) continue;
    return failure(rule, "does not match this name and has no fallthrough",
                   resolution);
  }
  return {};
}

bool TemplateAnswers::match(const TemplateRule& rule) {
  pattern_ = nullptr;
  match_.assign(1, name_);
  if (rule.patterns.empty()) return true;
  for (const NamePattern& pattern : rule.patterns) {
    if (!pattern.match(name_, match_)) continue;
    pattern_ = &pattern;
    return true;
  }
  return false;
}

ZoneAnswers::Found TemplateAnswers::answer(const TemplateRule& rule,
                                           const Name& domain,
                                           const Resolution& resolution) {
  const Query& query = resolution.looked_up;
  const bool asks_any = query.qtype == RrType::kAny;
  const std::string zone = domain.to_text();
  const std::string type =
      to_text(asks_any ? rule.type.value_or(query.qtype) : query.qtype);
  const std::string remote = to_text(ip_of(resolution.arrival.peer.address));
  const std::string question_name = query.qname.to_text();
  if (!make_records(rule, {.name = name_,
                           .zone = zone,
                           .type = type,
                           .remote = remote,
                           .question_name = question_name,
                           .pattern = pattern_,
                           .match = match_})) {
    return failure(rule, "makes no valid record for this name", resolution);
  }
  return encode(rule, resolution);
}

ZoneAnswers::Found TemplateAnswers::encode(const TemplateRule& rule,
                                           const Resolution& resolution) {
  const Query& query = resolution.looked_up;
  writer_.start(query, room_for_records(query, resolution.arrival.transport));
  write_records(Section::kAnswer, query);
  followed_.clear();
  followed_.rcode = rule.rcode;
  const auto target = target_to_follow(query.qtype);
  if (target) follow(*target, resolution);
  if (target && followed_.rcode == Rcode::kNxDomain &&
      !resolution.zones.is_complete()) {
    return failure(rule, "leads to a name that may not be loaded yet",
                   resolution);
  }
  write_records(Section::kAuthority, query);
  write_records(Section::kAdditional, query);
  std::uint16_t flags = recursion(resolution) | flag::kAa;
  if (writer_.is_cut()) flags |= flag::kTc;
  counters_.template_answers.add();

  ZoneAnswers::Found found{.what = ZoneAnswers::Found::What::kAnswer};
  found.said.answer = writer_.finish(followed_.rcode, flags);
  if (rule.error) {
    error_ = {.code = rule.error->code, .text = rule.error->text};
    found.said.form.error = &error_;
  }
  if (followed_.unfinished != nullptr && resolution.block.forwards()) {
    found.what = ZoneAnswers::Found::What::kLeadsOut;
    found.target = followed_.unfinished;
  }
  return found;
}

ZoneAnswers::Found TemplateAnswers::failure(const TemplateRule& rule,
                                            std::string_view why,
                                            const Resolution& resolution) {
  counters_.template_failures.add();
  error_ = {.text = "the template at "};
  error_.text += rule.at;
  error_.text += ' ';
  error_.text += why;
  return {
      .what = ZoneAnswers::Found::What::kAnswer,
      .said = {.answer = empty_answer(resolution.looked_up, Rcode::kServFail,
                                      recursion(resolution), writer_),
               .form = {.error = &error_}}};
}

bool TemplateAnswers::make_records(const TemplateRule& rule,
                                   const TemplateValues& values) {
  made_.clear();
  made_.reserve(rule.records.size());
  for (const TemplateRecord& record : rule.records) {
    if (!record.text.expand(values, text_)) return false;
    auto made = record_from_text(text_);
    if (!made) return false;
    made_.push_back({record.section, *std::move(made)});
  }
  return true;
}

// Adjacent records with the same owner and type are one RRset.
void TemplateAnswers::write_records(Section section, const Query& query) {
  NameView last = query.qname;
  for (const auto& [in, record] : made_) {
    if (in != section) continue;
    if (record.owner == query.qname) {
      last = query.qname;
    } else if (!(record.owner.view() == last)) {
      last = record.owner;
    }
    writer_.add(section, last, record.type, record.ttl, record.rdata);
  }
}

// The target of the CNAME that ends the answer section of an answer for A or
// AAAA.
std::optional<NameView> TemplateAnswers::target_to_follow(RrType qtype) const {
  if (qtype != RrType::kA && qtype != RrType::kAaaa) return std::nullopt;
  const Record* last = nullptr;
  for (const auto& [section, record] : made_) {
    if (section == Section::kAnswer) last = &record;
  }
  if (last == nullptr || last->type != RrType::kCname) return std::nullopt;
  return NameView(last->rdata.data());
}

// The rcode is that of the last name (RFC 6604).
void TemplateAnswers::follow(NameView target, const Resolution& resolution) {
  const Query& query = resolution.looked_up;
  const Zone* const zone = resolution.zones.closest_to(target);
  if (zone == nullptr || !resolution.listener.block_for(target).serves_zones) {
    followed_.unfinished = target.data();
    return;
  }
  followed_.room = room_for_records(query, resolution.arrival.transport);
  resolution.zones.lookup(*zone, target, query.qtype, followed_);
  for (const Answer::Entry& entry : followed_.entries) {
    if (entry.section != Section::kAnswer) continue;
    writer_.add(entry.section, entry.owner, entry.rrset, rotation_.next());
  }
}

}  // namespace canopy
