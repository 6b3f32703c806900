#include "server/forward/outcome_queue.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace canopy {
namespace {

// Limits one outcome in one turn; at least one waiter.
std::size_t waiters_in_a_turn(const ForwardOutcome& outcome) {
  if (!outcome.answer) return OutcomeQueue::kWaitersInATurn;
  const std::size_t octets = outcome.answer->encoded().message.size();
  return std::clamp(OutcomeQueue::kOctetsInATurn / octets, std::size_t{1},
                    OutcomeQueue::kWaitersInATurn);
}

}  // namespace

void OutcomeQueue::add(Tickets tickets, std::size_t first,
                       SharedOutcome outcome) {
  entries_.push_back({std::move(tickets), first, std::move(outcome)});
  post_turn();
}

void OutcomeQueue::post_turn() {
  if (std::exchange(is_posted_, true)) return;
  boost::asio::post(io_, [this] {
    is_posted_ = false;
    take_turn();
    if (!entries_.empty()) post_turn();
  });
}

// Waiters for one outcome are called one after another, because much of the
// work for the first one is reused for the others.
void OutcomeQueue::take_turn() {
  Entry entry = std::move(entries_.front());
  entries_.pop_front();
  std::size_t turn = std::min(entry.left(), waiters_in_a_turn(*entry.outcome));
  while (turn-- > 0) tell_(entry.tickets[entry.next++], entry.outcome);
  if (entry.left() > 0) entries_.push_back(std::move(entry));
}

}  // namespace canopy
