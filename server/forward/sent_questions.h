// The queries that a channel has sent and that wait for a message, by ID.  A
// message with an unknown ID is dropped.  A message with a known ID is passed
// to its receiver whatever else it contains; the receiver can continue to wait
// when it is not the answer.  On one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>

#include "server/forward/upstream_channel.h"
#include "zones/time_point.h"

namespace canopy {

class SentQuestions {
 public:
  using Receiver = std::unique_ptr<UpstreamChannel::Receiver>;

  // Fails all queries.
  ~SentQuestions() { fail_all(UpstreamChannel::Failure::kUnreachable); }

  // The query expires kPatience after `now`.
  void add(std::span<const std::uint8_t> question, TimePoint now,
           Receiver receiver);
  // Hands over a message from the upstream.
  void take(std::span<const std::uint8_t> message);
  // Fails the queries that have expired.
  void expire(TimePoint now);
  void fail_all(UpstreamChannel::Failure failure);

  std::size_t waiting() const { return waiting_.size(); }
  // Queries added so far.
  std::size_t sent() const { return sent_; }

 private:
  struct Waiting {
    Receiver receiver;
    std::size_t number = 0;  // number of the query, from 1
  };
  // By ID.  For UDP at most kQuestionsPerPort entries; the forwarder's limit on
  // waiting queries bounds all channels together.
  using WaitingById = std::unordered_multimap<std::uint16_t, Waiting>;
  // Queries in the order in which they expire.  Entries of answered queries are
  // skipped.
  struct Expiry {
    TimePoint at;
    std::uint16_t id;
    std::size_t number;
  };

  WaitingById::node_type taken_out(const Expiry& expiry);

  WaitingById waiting_;
  std::deque<Expiry> expiries_;
  std::size_t sent_ = 0;
};

}  // namespace canopy
