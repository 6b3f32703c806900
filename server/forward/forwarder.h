// Asks upstreams what no zone of ours knows, through c-ares.  One Forwarder a
// worker, used on that worker's thread only.  Identical questions in flight
// are joined into one, over all workers: a question belongs to the worker its
// hash names, and others post it there.
//
// Finds the upstreams by the block of the name asked for (server/plan/block.h);
// tries the next upstream on time-out, network error, SERVFAIL and REFUSED.
// Every answer handed out has QR set and the question asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/forward/upstream_answer.h"
#include "server/net/client.h"
#include "zones/query.h"
#include "zones/stored_rdata.h"

namespace canopy {

// The outcome of a forwarded query.
struct ForwardOutcome {
  // What an upstream answered; nothing when none did, or only in a malformed
  // message.  A SERVFAIL or REFUSED that every upstream gave is an answer too.
  std::optional<UpstreamAnswer> answer{};
  // When there is no answer, or one that is a refusal: why, for the log and the
  // EDE.  Names the upstreams in both forms of upstream_text.h, what became of
  // each and how long was waited; no secrets.
  std::string failure{};
  // From the question to this outcome.
  std::chrono::nanoseconds waited{0};
  // Not the end: the upstreams take longer than a client should wait, or are
  // known to be down.  `failure` says so; the outcome is still to come.
  bool is_late = false;
  // Not asked: a failure of the moment, which says nothing of the upstreams.
  bool is_shed = false;
};

// One object for all who wait, whatever their worker: its octets are not
// copied for each.
using SharedOutcome = std::shared_ptr<const ForwardOutcome>;

class Forwarder {
 public:
  // Who waits for a question's outcome.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    // Once with the outcome; perhaps once before with one that is late, when it
    // must not ask anything itself.  Never null.
    virtual void on_outcome(const SharedOutcome& outcome) = 0;
  };

  virtual ~Forwarder() = default;

  // Asks upstreams for qname, qtype and qclass, with RD and the query's DO, CD
  // and AD bits.  A client above its share of the waiting queries is refused at
  // once.  `waiter` is called on this thread, possibly before this returns.
  virtual void forward(const Query& query, Client client,
                       std::unique_ptr<Waiter> waiter) = 0;
};

// A function of a ForwardOutcome as a Waiter.
template <typename Told>
std::unique_ptr<Forwarder::Waiter> waiter_of(Told told) {
  class Function final : public Forwarder::Waiter {
   public:
    explicit Function(Told told) : told_(std::move(told)) {}
    void on_outcome(const SharedOutcome& outcome) override { told_(*outcome); }

   private:
    Told told_;
  };
  return std::make_unique<Function>(std::move(told));
}

}  // namespace canopy
