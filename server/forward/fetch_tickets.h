// The waiters of one Fetch, on all workers, and how many of them each client
// has.  On the thread of the forwarder that owns the Fetch.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <map>

#include "server/forward/waiting_list.h"
#include "server/net/client.h"

namespace canopy {

struct FetchTicket {
  std::uint32_t worker = 0;      // the waiter's worker
  WaitingList::Ticket ticket{};  // in that worker's WaitingList
  Client client{};
};

// Holds at most as many tickets as the workers' WaitingLists together.
class FetchTickets {
 public:
  // Limit for one client.  A resolver repeats a query two or three times, and
  // the pods of a node may share one address; more waiters are of no use.
  static constexpr std::size_t kMostOfOneClient = 1'000;

  // Returns false and adds nothing when the client has too many waiters.
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
  // Returns false when `client` has too many waiters here.  Waiters are counted
  // by client only once there are kMostOfOneClient in all.
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
