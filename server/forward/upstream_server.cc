#include "server/forward/upstream_server.h"

#include <algorithm>
#include <iterator>

#include "server/forward/cares_channel.h"
#include "server/forward/forward_timing.h"
#include "server/forward/tls_channel.h"
#include "server/forward/udp_channel.h"

namespace canopy {

void UpstreamServer::ask(std::span<const std::uint8_t> question, TimePoint now,
                         Receiver receiver) {
  ask(slots_[random_.below(ports_)], Transport::kUdp, question, now,
      std::move(receiver));
}

void UpstreamServer::ask_over_tcp(std::span<const std::uint8_t> question,
                                  TimePoint now, Receiver receiver) {
  ask(tcp_, Transport::kTcp, question, now, std::move(receiver));
}

void UpstreamServer::ask(Slot& slot, Transport transport,
                         std::span<const std::uint8_t> question, TimePoint now,
                         Receiver receiver) {
  counters_.asked.add();
  asked_ = now;
  const bool is_used_up = transport == Transport::kUdp && slot.channel &&
                          slot.channel->sent() >= kQuestionsPerPort;
  if (is_used_up) retire(slot, now);
  if (!slot.channel) {
    slot.channel = opened(transport);
    slot.opened = now;
  }
  if (slot.channel) return slot.channel->send(question, std::move(receiver));
  receiver->on_failure(UpstreamChannel::Failure::kUnreachable);
}

// Null when no socket could be opened.
std::unique_ptr<UpstreamChannel> UpstreamServer::opened(Transport transport) {
  if (transport == Transport::kTcp) {
    if (tls_) return std::make_unique<TlsChannel>(io_, endpoint(), tls_);
    return CaresChannel::open(io_, endpoint());
  }
  return UdpChannel::open(io_, endpoint());
}

void UpstreamServer::note_answer(std::chrono::nanoseconds took, TimePoint now,
                                 Rcode rcode) {
  heard_ = now;
  round_trip_.note_answer(took);
  count_answer(took, rcode);
  health_->note_answer(now);
}

void UpstreamServer::note_refusal(std::chrono::nanoseconds took, TimePoint now,
                                  Rcode rcode) {
  heard_ = now;
  count_answer(took, rcode);
  health_->note_refusal(now);
}

void UpstreamServer::note_worse_refusal(TimePoint now, Rcode rcode) {
  counters_.failures.add();
  note_loss();
  health_->note_failure(now, UpstreamHealth::Failure::kRefusal,
                        "answers " + to_text(rcode));
}

void UpstreamServer::note_late(TimePoint now) {
  counters_.failures.add();
  health_->note_failure(now, UpstreamHealth::Failure::kSilence,
                        "does not answer");
}

void UpstreamServer::note_error(TimePoint now, const char* why) {
  counters_.failures.add();
  health_->note_failure(now, UpstreamHealth::Failure::kError, why);
}

void UpstreamServer::count_answer(std::chrono::nanoseconds took, Rcode rcode) {
  AnswerTimes& answers = counters_.answers[static_cast<std::size_t>(
      rcode_class(static_cast<std::uint16_t>(rcode)))];
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bucket =
      std::lower_bound(kDurationBounds.begin(), kDurationBounds.end(), seconds);
  answers.durations[static_cast<std::size_t>(bucket - kDurationBounds.begin())]
      .add();
  answers.nanoseconds.add(static_cast<std::uint64_t>(took.count()));
  counters_.round_trip_nanoseconds.set(
      static_cast<std::uint64_t>(round_trip_.smoothed().count()));
}

bool UpstreamServer::take_probe(TimePoint now) {
  if (!health_->is_up()) return health_->take_probe(now);
  return now - asked_ >
         (round_trip_.is_lossy() ? kMeasureLossyAgain : kMeasureAgain);
}

void UpstreamServer::tick(TimePoint now) {
  for (Slot& slot : slots_) {
    tick_channel(slot, now);
    if (slot.channel && now - slot.opened >= kPortAge) retire(slot, now);
  }
  tick_channel(tcp_, now);
  if (tcp_.channel && now - asked_ >= kPortAge) retire(tcp_, now);
  // Uses an index, because a callback may send a query and so retire another
  // channel.
  for (std::size_t i = 0; i < retired_.size(); ++i) {
    UpstreamChannel& channel = *retired_[i].channel;
    if (channel.outstanding() > 0) channel.tick(now);
  }
  end_retired(now);
}

void UpstreamServer::retire(Slot& slot, TimePoint now) {
  if (retired_.size() >= 2 * ports_) return;
  retired_.push_back({std::move(slot.channel), now});
}

// Removes channels first, because closing a channel runs callbacks that may
// retire another one.
void UpstreamServer::end_retired(TimePoint now) {
  const auto over = std::stable_partition(
      retired_.begin(), retired_.end(), [now](const Retired& retired) {
        return retired.channel->outstanding() > 0 &&
               now - retired.since < kPatience;
      });
  const std::vector<Retired> ended(std::make_move_iterator(over),
                                   std::make_move_iterator(retired_.end()));
  retired_.erase(over, retired_.end());
}

void UpstreamServer::tick_channel(const Slot& slot, TimePoint now) {
  if (slot.channel && slot.channel->outstanding() > 0) slot.channel->tick(now);
}

void UpstreamServer::close() {
  for (Slot& slot : slots_) slot.channel.reset();
  tcp_.channel.reset();
  retired_.clear();
}

bool UpstreamServer::has_channels() const {
  return !retired_.empty() || tcp_.channel != nullptr ||
         std::any_of(slots_.begin(), slots_.end(),
                     [](const Slot& slot) { return slot.channel != nullptr; });
}

}  // namespace canopy
