// One upstream as one worker uses it: a few channels in rotation, so that the
// source port keeps changing, and the response time.  On the worker's thread
// only; any thread may read the counters.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "healthz/tier.h"
#include "server/forward/round_trip.h"
#include "server/forward/tls_context.h"
#include "server/forward/upstream_channel.h"
#include "server/forward/upstream_health.h"
#include "server/net/random_octets.h"
#include "server/observe/upstream_counters.h"
#include "zones/rr_types.h"
#include "zones/time_point.h"

namespace canopy {

class UpstreamServer {
 public:
  // An answer must arrive at the query's source port, which is one of this
  // many.
  static constexpr std::size_t kMostPorts = 16;

  struct Settings {
    // Lower when few descriptors are available.
    std::size_t ports = kMostPorts;
    // kTcp: no query is sent over UDP.
    Transport first_transport = Transport::kUdp;
    // Null: connections are not encrypted.
    std::shared_ptr<TlsContext> tls{};
  };

  UpstreamServer(boost::asio::io_context& io, RandomOctets& random,
                 std::shared_ptr<UpstreamHealth> health, Settings settings)
      : io_(io),
        random_(random),
        health_(std::move(health)),
        ports_(settings.ports),
        first_transport_(settings.first_transport),
        tls_(std::move(settings.tls)) {}

  const SocketAddress& endpoint() const { return health_->endpoint(); }
  UpstreamHealth& health() { return *health_; }
  const std::shared_ptr<UpstreamHealth>& shared_health() const {
    return health_;
  }
  bool is_loop() const {
    return health_->state() == UpstreamHealth::State::kLoop;
  }
  Transport first_transport() const { return first_transport_; }
  const RoundTrip& round_trip() const { return round_trip_; }

  using Receiver = std::unique_ptr<UpstreamChannel::Receiver>;
  void ask(std::span<const std::uint8_t> question, TimePoint now,
           Receiver receiver);
  // TCP: an off-path attacker cannot forge the answer.
  void ask_over_tcp(std::span<const std::uint8_t> question, TimePoint now,
                    Receiver receiver);
  // The next query over TCP gets a new connection, unless the present one was
  // opened after `asked`.  A query sent at `asked` got no answer.
  void renew_tcp(TimePoint asked, TimePoint now) {
    if (tcp_.channel && tcp_.opened <= asked) retire(tcp_, now);
  }
  // True when an answer or a refusal came after `time`.
  bool was_heard_since(TimePoint time) const { return heard_ > time; }
  // An answer over UDP did not repeat the case of the query's name.
  void note_wrong_case() { counters_.wrong_case.add(); }
  // A message had the query's ID but was not a proper answer.
  void note_bad_message() { counters_.bad_messages.add(); }

  // Record the outcome of a client's query.  The time to a refusal is not
  // measured: a resolver takes seconds to give up on a dead name.
  void note_answer(std::chrono::nanoseconds took, TimePoint now, Rcode rcode);
  void note_refusal(std::chrono::nanoseconds took, TimePoint now, Rcode rcode);
  void note_late(TimePoint now);
  void note_error(TimePoint now, const char* why);
  // Called once another upstream answered the query, or once it was asked
  // again: this upstream refused, was late or was unreachable.  A query that no
  // upstream answers counts against none, because its name may be dead.
  void note_worse_refusal(TimePoint now, Rcode rcode);
  void note_loss() { round_trip_.note_loss(); }

  // True once when a client's query should also be sent to this slower server,
  // to measure it.
  bool take_probe(TimePoint now);

  // Expires queries, and closes channels that are old or idle.
  void tick(TimePoint now);
  bool has_channels() const;
  // Fails all outstanding queries; their callbacks run before this returns.
  void close();

  const UpstreamCounters& counters() const { return counters_; }

 private:
  struct Slot {
    std::unique_ptr<UpstreamChannel> channel;
    TimePoint opened{};
  };

  // A channel that sends no more queries but may still receive answers.
  struct Retired {
    std::unique_ptr<UpstreamChannel> channel;
    TimePoint since;
  };

  // Each retired channel takes a descriptor.  The slot keeps its channel while
  // twice as many are retired as are in use.
  void retire(Slot& slot, TimePoint now);
  void end_retired(TimePoint now);
  std::unique_ptr<UpstreamChannel> opened(Transport transport);
  // Ports are replaced, so that a spoofer must guess them anew; connections
  // are kept while they are used.
  void ask(Slot& slot, Transport transport,
           std::span<const std::uint8_t> question, TimePoint now,
           Receiver receiver);
  static void tick_channel(const Slot& slot, TimePoint now);
  void count_answer(std::chrono::nanoseconds took, Rcode rcode);

  boost::asio::io_context& io_;
  RandomOctets& random_;
  const std::shared_ptr<UpstreamHealth> health_;
  const std::size_t ports_;
  const Transport first_transport_;
  const std::shared_ptr<TlsContext> tls_;
  std::array<Slot, kMostPorts> slots_;  // the first ports_ slots are used
  Slot tcp_;
  std::vector<Retired> retired_;
  RoundTrip round_trip_;
  TimePoint asked_{};
  TimePoint heard_{};
  UpstreamCounters counters_;
};

}  // namespace canopy
