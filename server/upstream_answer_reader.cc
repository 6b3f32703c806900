#include "server/upstream_answer_reader.h"

#include "cache/ttl_rules.h"
#include "server/record_copier.h"

namespace canopy {
namespace {

Query query_of(const ForwardQuestion& question) {
  Query query;
  static_cast<Question&>(query) = question;
  if (question.dnssec_ok) query.edns = Edns{.dnssec_ok = true};
  return query;
}

}  // namespace

std::optional<UpstreamAnswer> UpstreamAnswerReader::read(
    const ForwardQuestion& question, std::span<const std::uint8_t> message) {
  if (!is_answer_to(question, message) || !index_.read(message)) {
    return std::nullopt;
  }
  const Query asked = query_of(question);
  const Bailiwick bailiwick(asked, index_.answer());
  if (!bailiwick.holds_any()) return std::nullopt;
  cut_what_was_not_asked(asked, bailiwick);
  std::optional<UpstreamAnswer> answer(std::in_place);
  answer->octets.assign(bailiwick.holds_all()
                            ? index_.answer()
                            : without_other_names(asked, bailiwick));
  answer->rcode = index_.rcode();
  answer->is_truncated = (index_.flags() & flag::kTc) != 0;
  answer->is_positive =
      index_.rcode() == Rcode::kNoError && index_.has_answer();
  answer->lifetime = time_to_keep(index_);
  return answer;
}

// Additional records are a courtesy, and so are the zone's servers beside an
// answer: clients may ask for them.  Proofs are for clients that set DO.
void UpstreamAnswerReader::cut_what_was_not_asked(const Query& asked,
                                                  const Bailiwick& bailiwick) {
  if (index_.rcode() == Rcode::kNoError && bailiwick.has_answer() &&
      !asked.dnssec_ok()) {
    return index_.cut_before(Section::kAuthority);
  }
  index_.cut_before(bailiwick.holds_authority(index_.answer())
                        ? Section::kAdditional
                        : Section::kAuthority);
}

// Written anew: compressed names may point into what is left out.
EncodedAnswer UpstreamAnswerReader::without_other_names(
    const Query& asked, const Bailiwick& bailiwick) {
  if (!writer_) writer_.emplace();
  writer_->start(asked);
  RecordCopier copier(*writer_);
  copier.copy(index_.answer().message, [&](Section section,
                                           const MessageRecord& record) {
    return section != Section::kAnswer || bailiwick.holds_answer(record);
  });
  const auto truncated = static_cast<std::uint16_t>(index_.flags() & flag::kTc);
  return writer_->finish(index_.rcode(), flag::kRa | truncated);
}

}  // namespace canopy
