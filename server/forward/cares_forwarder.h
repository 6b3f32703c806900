// The Forwarder of one worker.  Queries of its own clients wait here.  The
// worker that a query's hash names runs the fetch and joins identical queries
// into it.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/forward/fetch.h"
#include "server/forward/forward_question.h"
#include "server/forward/forwarder.h"
#include "server/forward/forwarder_pool.h"
#include "server/forward/outcome_queue.h"
#include "server/forward/timing_wheel.h"
#include "server/forward/upstream_answer_reader.h"
#include "server/forward/upstream_server.h"
#include "server/forward/waiting_list.h"
#include "server/limits/paid_places.h"
#include "server/observe/upstream_counters.h"
#include "server/plan/plan_store.h"
#include "zones/time_point.h"

namespace canopy {

class CaresForwarder : public Forwarder {
 public:
  struct Settings {
    // Waiting queries of this worker's clients.  A query above this limit, or
    // above its client's share of the limit or of the memory budget, fails at
    // once.
    std::size_t max_waiting = 10'000;
    // Source ports in use at a time for each upstream.
    std::size_t ports = UpstreamServer::kMostPorts;
  };

  CaresForwarder(boost::asio::io_context& io, const PlanStore& plans,
                 ForwarderPool& pool, const Settings& settings);
  ~CaresForwarder() override;
  CaresForwarder(const CaresForwarder&) = delete;
  CaresForwarder& operator=(const CaresForwarder&) = delete;

  void forward(const Query& query, std::uint8_t listener, Client client,
               std::unique_ptr<Waiter> waiter) override;

  // Adds this worker's counts.  Any thread.
  void add_counts(ForwardCounts& counts) const;

 private:
  // The servers of one UpstreamGroup.
  using Servers = std::vector<UpstreamServer*>;
  // A question, by what identical ones join, and which rules apply.
  struct Asked {
    ForwardQuestion question;
    CacheKey key;
    std::uint8_t listener = 0;
  };

  // The owner of a fetch calls these for a waiter of any worker.
  void ask(const Asked& asked, const FetchTicket& waiter);
  void join(Fetch& fetch, const FetchTicket& waiter);
  void on_finished(Fetch& fetch, Fetch::Outcome& found);
  // Moves the answer out of `found`.
  static SharedOutcome outcome_of(Fetch::Outcome& found, std::uint64_t plan);
  void tell(const FetchTicket& waiter, const SharedOutcome& outcome);
  void tell(const FetchTickets& waiters, const SharedOutcome& outcome);
  // The waiters' worker calls these when the outcome has arrived.
  void hand_out(OutcomeQueue::Tickets tickets, const SharedOutcome& outcome);
  void answer(WaitingList::Ticket ticket, const SharedOutcome& outcome);

  FetchPtr fetch_about(const ForwardQuestion& question, Fetch::Purpose purpose);
  void start(Fetch& fetch, TimePoint now);
  // Adds all usable servers of the group to `fetch`, best first.  Sends the
  // query as well to servers that are due to be measured.
  void choose(Fetch& fetch, const Servers& servers, UpstreamOrder order,
              TimePoint now);
  void choose_fastest(Fetch& fetch, const Servers& servers, TimePoint now);
  void choose_as_written(Fetch& fetch, const Servers& servers);
  void probe(UpstreamServer& server, const ForwardQuestion& question,
             TimePoint now);
  void check_loops(const Servers& servers, TimePoint now);
  void check_health(const Servers& servers, TimePoint now);
  void send_health_check(UpstreamServer& server, TimePoint now);

  const Servers& servers_of(const Plan& plan, const Block& block);
  // Finds the servers of all blocks of `plan`.
  void find_servers(const Plan& plan);
  void find_servers(const Listener& listener);
  UpstreamServer& server_at(const UpstreamGroup& group,
                            const SocketAddress& endpoint);

  void start_ticking();
  void on_tick();
  bool has_work() const;

  boost::asio::io_context& io_;
  PlanStore::Reader plans_;
  ForwarderPool& pool_;
  const std::size_t index_;
  const std::size_t ports_;
  RandomOctets random_;
  boost::asio::steady_timer timer_;
  bool ticking_ = false;
  std::size_t turn_ = 0;

  // This thread writes under the mutex; other threads read under it.  Servers
  // stay when no plan names them any more, so that their counts stay.
  mutable std::mutex servers_mutex_;
  struct ServerKey {
    std::string domain;
    SocketAddress endpoint;
    Transport first_transport = Transport::kUdp;
    std::optional<TlsUpstream> tls;

    friend std::weak_ordering operator<=>(const ServerKey&,
                                          const ServerKey&) = default;
  };
  std::map<ServerKey, std::unique_ptr<UpstreamServer>> servers_;

  PaidPlaces places_;
  WaitingList waiting_;
  OutcomeQueue outcomes_;
  UpstreamAnswerReader answer_reader_;
  // Finds fetches by key; the key already contains its hash.
  struct ByKey {
    using is_transparent = void;
    static const CacheKey& key_of(const CacheKey& key) { return key; }
    static const CacheKey& key_of(const FetchPtr& fetch) { return *fetch->key; }
    std::size_t operator()(const auto& one) const { return key_of(one).hash(); }
    bool operator()(const auto& a, const auto& b) const {
      return key_of(a) == key_of(b);
    }
  };
  std::unordered_set<FetchPtr, ByKey, ByKey> fetches_;
  TimingWheel by_due_;

  // By the blocks of the latest plan.
  std::unordered_map<const Block*, Servers> servers_by_block_;
  std::unordered_set<const UpstreamServer*> in_use_;
  std::uint64_t edition_ = ~0ull;
  // The expected cost of each server; memory for choose().
  struct Rank {
    double cost = 0;
    UpstreamServer* server = nullptr;
    std::size_t number = 0;  // place in the configuration, from 1
  };
  std::vector<Rank> ranks_;

  ForwardCounters counters_;
};

}  // namespace canopy
