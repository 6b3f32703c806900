// Forwards queries for names outside our zones to upstreams, through c-ares.
// Each worker has one Forwarder, used on that worker's thread only.  Identical
// queries in flight are joined into one fetch, over all workers: a query
// belongs to the worker that its hash names, and other workers post it there.
//
// Finds the upstreams by the block of the query's name (server/plan/block.h).
// Tries the next upstream on time-out, network error, SERVFAIL and REFUSED.
// Each answer passed on has QR set and repeats the question.
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
  // The answer of an upstream.  Nothing when none answered, or only with a
  // malformed message.  A SERVFAIL or REFUSED from all upstreams is an answer
  // too.
  std::optional<UpstreamAnswer> answer{};
  // Why there is no answer, or why it is a refusal, for the log and the EDE.
  // Names the upstreams in both forms of upstream_text.h, with each one's
  // failure and the time waited.  Contains no secrets.
  std::string failure{};
  // Time from the query to this outcome.
  std::chrono::nanoseconds waited{0};
  // True when this is not the final outcome: the upstreams take longer than a
  // client should wait, or are known to be down.  `failure` says so.
  bool is_late = false;
  // True when no upstream was asked, because a limit was reached.  Says nothing
  // about the upstreams.
  bool is_shed = false;
  // The edition of the plan that named the upstreams.  A query that joined the
  // fetch may have a later one.  Nothing: no upstream was asked.
  std::optional<std::uint64_t> plan{};
};

// All waiters of all workers share one object, so its octets are not copied.
using SharedOutcome = std::shared_ptr<const ForwardOutcome>;

class Forwarder {
 public:
  // The receiver of a query's outcome.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    // Called once with the final outcome.  May be called once before that with
    // a late outcome; it must not forward a query during that call.  Never
    // null.
    virtual void on_outcome(const SharedOutcome& outcome) = 0;
  };

  virtual ~Forwarder() = default;

  // Asks upstreams for the query's name, type and class, with RD and the
  // query's DO, CD and AD bits.  The plan's listener with number `listener` has
  // the block that names the upstreams.  Fails at once when the client is above
  // its share of the waiting queries.  `waiter` is called on this thread,
  // possibly before this returns.
  virtual void forward(const Query& query, std::uint8_t listener, Client client,
                       std::unique_ptr<Waiter> waiter) = 0;
};

// Makes a Waiter from a function of the SharedOutcome.
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
