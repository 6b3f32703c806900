// Outcomes that are being delivered to the waiters of one worker.  Each turn of
// the worker's loop delivers a bounded number, so that sockets and timers are
// served in between.  Holds at most two tickets for each place of the
// WaitingList: for a late outcome and for the final one.  On the worker's
// thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <vector>

#include "server/forward/forwarder.h"
#include "server/forward/waiting_list.h"

namespace canopy {

class OutcomeQueue {
 public:
  using Tickets = std::vector<WaitingList::Ticket>;
  using Tell = std::function<void(WaitingList::Ticket, const SharedOutcome&)>;

  // Limits of one turn: the number of waiters and the octets of answers.
  static constexpr std::size_t kWaitersInATurn = 64;
  static constexpr std::size_t kOctetsInATurn = std::size_t{256} << 10;

  OutcomeQueue(boost::asio::io_context& io, Tell tell)
      : io_(io), tell_(std::move(tell)) {}

  // Delivers `outcome` to the tickets from `first` on, in later turns.
  // Outcomes take turns with each other.
  void add(Tickets tickets, std::size_t first, SharedOutcome outcome);

 private:
  struct Entry {
    Tickets tickets;
    std::size_t next = 0;
    SharedOutcome outcome;

    std::size_t left() const { return tickets.size() - next; }
  };

  void post_turn();
  void take_turn();

  boost::asio::io_context& io_;
  const Tell tell_;
  std::deque<Entry> entries_;
  bool is_posted_ = false;
};

}  // namespace canopy
