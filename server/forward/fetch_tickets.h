// Who waits for one Fetch, on any worker, and how many times each client
// does.  On the thread of the forwarder that owns the Fetch.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <map>

#include "server/forward/waiting_list.h"
#include "server/net/client.h"

namespace canopy {

struct FetchTicket {
  std::uint32_t worker = 0;      // that was asked
  WaitingList::Ticket ticket{};  // of that worker
  Client client{};
};

// In total as many as the workers' WaitingLists hold.
class FetchTickets {
 public:
  // Of one client.  A resolver repeats a question two or three times, a node's
  // pods may stand behind one address; more than that gains nothing.
  static constexpr std::size_t kMostOfOneClient = 1'000;

  // False, and not added, when its client waits too many times.
  bool add(const FetchTicket& waiter) {
    if (!admits(waiter.client)) return false;
    list_.push_back(waiter);
    return true;
  }
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }

 private:
  // False when `client` waits here too many times already.  Clients are only
  // counted once there are that many waiters in all.
  bool admits(Client client) {
    if (list_.size() < kMostOfOneClient) return true;
    if (counts_.empty()) {
      for (const FetchTicket& waiter : list_) ++counts_[waiter.client];
    }
    std::size_t& count = counts_[client];
    if (count >= kMostOfOneClient) return false;
    ++count;
    return true;
  }

  boost::container::small_vector<FetchTicket, 2> list_;
  std::map<Client, std::size_t> counts_;
};

}  // namespace canopy
