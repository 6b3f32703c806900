#include "server/forward/upstream_answer_reader.h"

#include "cache/ttl_rules.h"
#include "server/forward/record_copier.h"

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
  const EncodedAnswer encoded = bailiwick.is_simple()
                                    ? as_it_stands(asked)
                                    : written_anew(asked, bailiwick);
  std::optional<UpstreamAnswer> answer(std::in_place);
  answer->octets.assign(encoded);
  answer->rcode = index_.rcode();
  answer->is_truncated =
      (MessageReader(encoded.message).flags() & flag::kTc) != 0;
  answer->is_positive =
      index_.rcode() == Rcode::kNoError && bailiwick.has_answer();
  answer->errors.assign(index_.errors().begin(), index_.errors().end());
  answer->lifetime = time_to_keep(encoded);
  return answer;
}

// Additional records and the NS records beside an answer are optional, so they
// are left out.
EncodedAnswer UpstreamAnswerReader::as_it_stands(const Query& asked) {
  index_.keep_first_rrset();
  index_.spell_question(asked.qname);
  return index_.answer();
}

// Writes the chain in order, without records that do not belong to it.  Expands
// names that are compressed against RFC 3597.
EncodedAnswer UpstreamAnswerReader::written_anew(const Query& asked,
                                                 const Bailiwick& bailiwick) {
  const EncodedAnswer answer = index_.answer();
  const NameView sent(answer.message.data() + kHeaderSize, asked.qname.size());
  writer_.start(asked);
  RecordCopier copier(writer_, CaseSwap(sent, asked.qname));
  copier.copy(answer.message, bailiwick.held());
  auto flags = static_cast<std::uint16_t>(
      flag::kRa | (index_.flags() & (flag::kTc | flag::kAd)));
  if (writer_.is_cut()) flags |= flag::kTc;
  return writer_.finish(index_.rcode(), flags);
}

}  // namespace canopy
