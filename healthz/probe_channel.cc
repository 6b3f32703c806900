#include "healthz/probe_channel.h"

#include <spdlog/fmt/fmt.h>

#include <sstream>
#include <stdexcept>
#include <utility>

namespace canopy {
namespace {

std::string to_text(const boost::asio::ip::udp::endpoint& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return std::move(text).str();
}

// True for timed-out and cancelled questions: arm_deadline() cancels those that
// take too long.
bool is_time_out(const AresChannel::Outcome& outcome) {
  using Failure = AresChannel::Failure;
  return !outcome.has_reply() && (outcome.failure == Failure::kTimedOut ||
                                  outcome.failure == Failure::kCancelled);
}

// A flood that fills the socket loses datagrams, which must not look like a
// dead server.  Therefore each question is retried, with twice the wait each
// time.
AresChannel::Options channel_options(const ProbeChannel::Options& options) {
  if (options.over_tcp) return {.over_tcp = true, .timeout = options.timeout};
  constexpr int kTries = 5;
  constexpr int kShares = (1 << kTries) - 1;
  return {.timeout = options.timeout / kShares, .tries = kTries};
}

}  // namespace

class ProbeChannel::Asked final : public AresChannel::Receiver {
 public:
  explicit Asked(ProbeChannel& channel) : channel_(channel) {}
  void on_outcome(const AresChannel::Outcome& outcome) override {
    channel_.on_outcome(outcome);
  }

 private:
  ProbeChannel& channel_;
};

ProbeChannel::ProbeChannel(boost::asio::io_context& io, const Options& options)
    : options_(options), deadline_(io), ares_(io, channel_options(options)) {
  aim_at(options.server);
}

ProbeChannel::~ProbeChannel() {
  *alive_ = false;
  done_ = nullptr;
}

void ProbeChannel::aim_at(const boost::asio::ip::udp::endpoint& server) {
  options_.server = server;
  const std::string fault = ares_.aim_at(server);
  if (fault.empty()) return;
  throw std::runtime_error(
      fmt::format("probe: cannot probe {}: {}; listen on another address, or "
                  "on 127.0.0.1 too",
                  to_text(server), fault));
}

void ProbeChannel::ask(std::span<const std::uint8_t> message, Done done) {
  done_ = std::move(done);
  arm_deadline();
  ares_.send(message, std::make_unique<Asked>(*this));
}

void ProbeChannel::on_outcome(const AresChannel::Outcome& outcome) {
  if (!done_) return;
  deadline_.cancel();
  const Done done = std::exchange(done_, nullptr);
  if (outcome.has_reply()) return done({.reply = outcome.reply, .error = {}});
  done({.reply = {},
        .error = error_text(outcome),
        .timed_out = is_time_out(outcome)});
}

std::string ProbeChannel::error_text(
    const AresChannel::Outcome& outcome) const {
  const auto where = fmt::format("{} over {}", to_text(options_.server),
                                 options_.over_tcp ? "TCP" : "UDP");
  if (is_time_out(outcome)) {
    return fmt::format("no answer from {} within {} ms", where,
                       options_.timeout.count());
  }
  if (outcome.failure == AresChannel::Failure::kRefused) {
    return fmt::format("connection refused by {}", where);
  }
  return fmt::format("no answer from {}: {}", where, outcome.reason);
}

// c-ares' own timeouts differ between its versions; this one is exact.
void ProbeChannel::arm_deadline() {
  deadline_.expires_after(options_.timeout);
  deadline_.async_wait([this, alive = alive_](
                           const boost::system::error_code& error) {
    if (error || !*alive || !done_) return;
    // A later expiry means that the handler was queued for an earlier question.
    if (deadline_.expiry() <= boost::asio::steady_timer::clock_type::now()) {
      ares_.cancel();
    }
  });
}

}  // namespace canopy
