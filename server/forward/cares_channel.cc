#include "server/forward/cares_channel.h"

#include <utility>

#include "server/forward/forward_timing.h"

namespace canopy {

// One query, until c-ares ends it.
class CaresChannel::Asked final : public AresChannel::Receiver {
 public:
  Asked(std::size_t& outstanding,
        std::unique_ptr<UpstreamChannel::Receiver> receiver)
      : outstanding_(outstanding), receiver_(std::move(receiver)) {
    ++outstanding_;
  }

  void on_outcome(const AresChannel::Outcome& outcome) override {
    --outstanding_;
    if (outcome.has_reply()) {
      if (receiver_->on_message(outcome.reply)) return;
      return receiver_->on_failure(Failure::kUnusable);
    }
    receiver_->on_failure(outcome.failure == AresChannel::Failure::kTimedOut
                              ? Failure::kTimedOut
                              : Failure::kUnreachable);
  }

 private:
  std::size_t& outstanding_;
  const std::unique_ptr<UpstreamChannel::Receiver> receiver_;
};

std::unique_ptr<CaresChannel> CaresChannel::open(boost::asio::io_context& io,
                                                 const SocketAddress& server) {
  std::unique_ptr<CaresChannel> channel(new CaresChannel(io));
  if (!channel->ares_.aim_at(server).empty()) return nullptr;
  return channel;
}

CaresChannel::CaresChannel(boost::asio::io_context& io)
    : ares_(io, {.over_tcp = true, .stays_open = true, .timeout = kPatience}) {}

void CaresChannel::send(std::span<const std::uint8_t> question,
                        std::unique_ptr<Receiver> receiver) {
  ++sent_;
  ares_.send(question,
             std::make_unique<Asked>(outstanding_, std::move(receiver)));
}

void CaresChannel::tick(TimePoint /*now*/) { ares_.expire(); }

}  // namespace canopy
