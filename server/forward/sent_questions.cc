#include "server/forward/sent_questions.h"

#include <utility>
#include <vector>

#include "server/forward/forward_timing.h"
#include "zones/octets.h"

namespace canopy {
namespace {

std::uint16_t id_of(std::span<const std::uint8_t> message) {
  return load16(message, 0);
}

}  // namespace

void SentQuestions::add(std::span<const std::uint8_t> question, TimePoint now,
                        Receiver receiver) {
  const std::uint16_t id = id_of(question);
  ++sent_;
  waiting_.emplace(id, Waiting{std::move(receiver), sent_});
  expiries_.push_back({now + kPatience, id, sent_});
}

// Removes the waiting query first, because the receiver may send another one.
void SentQuestions::take(std::span<const std::uint8_t> message) {
  if (message.size() < 2) return;
  const std::uint16_t id = id_of(message);
  auto waiting = waiting_.extract(id);
  if (!waiting || waiting.mapped().receiver->on_message(message)) return;
  // The message may belong to another query with the same ID.
  std::vector<WaitingById::node_type> passed_over;
  bool is_taken = false;
  do {
    passed_over.push_back(std::move(waiting));
    waiting = waiting_.extract(id);
    is_taken = waiting && waiting.mapped().receiver->on_message(message);
  } while (waiting && !is_taken);
  for (auto& one : passed_over) waiting_.insert(std::move(one));
}

void SentQuestions::expire(TimePoint now) {
  while (!expiries_.empty() && expiries_.front().at <= now) {
    const auto expired = taken_out(expiries_.front());
    expiries_.pop_front();
    if (!expired) continue;
    expired.mapped().receiver->on_failure(UpstreamChannel::Failure::kTimedOut);
  }
}

SentQuestions::WaitingById::node_type SentQuestions::taken_out(
    const Expiry& expiry) {
  auto [at, end] = waiting_.equal_range(expiry.id);
  while (at != end && at->second.number != expiry.number) ++at;
  return at == end ? WaitingById::node_type() : waiting_.extract(at);
}

void SentQuestions::fail_all(UpstreamChannel::Failure failure) {
  WaitingById failed;
  failed.swap(waiting_);
  for (auto& [id, waiting] : failed) waiting.receiver->on_failure(failure);
}

}  // namespace canopy
