#include "server/forward/cares_forwarder.h"

#include <algorithm>

#include "server/forward/forward_timing.h"
#include "server/plan/upstream_text.h"

namespace canopy {
namespace {

// The memory of one waiting query: in this forwarder, in the fetch's owner, in
// c-ares, and in its datagrams.
constexpr std::size_t kPlaceOctets = 4 << 10;

// This many waiters of a worker get the outcome at once.  Usually there are no
// more, and their answers fill the cache for later queries.
constexpr std::size_t kToldAtOnce = 4;

SharedOutcome failed(std::string why) {
  auto outcome = std::make_shared<ForwardOutcome>();
  outcome->failure = std::move(why);
  return outcome;
}

SharedOutcome not_asked(std::string why) {
  auto outcome = std::make_shared<ForwardOutcome>();
  outcome->failure = std::move(why);
  outcome->is_shed = true;
  return outcome;
}

std::shared_ptr<TlsContext> tls_of(const UpstreamGroup& group) {
  if (!group.tls) return nullptr;
  return std::make_shared<TlsContext>(*group.tls);
}

std::string loops_text(const std::vector<SocketAddress>& servers) {
  std::string text = "upstreams forward back to this server (a loop):";
  for (std::size_t i = 0; i < servers.size(); ++i) {
    text += (i == 0 ? " " : ", ") +
            upstream_name(servers[i], i + 1, servers.size());
  }
  return text;
}

}  // namespace

CaresForwarder::CaresForwarder(boost::asio::io_context& io,
                               const PlanStore& plans, ForwarderPool& pool,
                               const Settings& settings)
    : io_(io),
      plans_(plans),
      pool_(pool),
      index_(pool.add(io, *this)),
      ports_(settings.ports),
      timer_(io),
      places_(settings.max_waiting, kPlaceOctets, pool.budget()),
      outcomes_(
          io, [this](WaitingList::Ticket ticket, const SharedOutcome& outcome) {
            answer(ticket, outcome);
          }) {}

CaresForwarder::~CaresForwarder() {
  // Closing a channel runs the callbacks of its outstanding queries.
  for (const FetchPtr& fetch : fetches_) fetch->abandon();
  by_due_.abandon_all();
  for (const auto& [endpoint, server] : servers_) server->close();
}

void CaresForwarder::forward(const Query& query, std::uint8_t listener,
                             Client client, std::unique_ptr<Waiter> waiter) {
  static const SharedOutcome own_question = not_asked(
      "forwarding loop: an upstream sent this server's own query back");
  static const SharedOutcome over_share =
      not_asked("too many queries of this client are waiting for upstreams");
  static const SharedOutcome full =
      not_asked("too many queries are waiting for upstreams");
  counters_.asked.add();
  if (pool_.registry().is_loop_check(query.qname)) {
    return waiter->on_outcome(own_question);
  }
  switch (places_.take(client)) {
    case Admission::kAdmitted:
      break;
    case Admission::kShareUsed:
      counters_.over_share.add();
      return waiter->on_outcome(over_share);
    case Admission::kFull:
      counters_.full.add();
      return waiter->on_outcome(full);
  }
  const Asked asked{
      ForwardQuestion(query),
      CacheKey(query, plans_.current().numbered(listener).cache_part),
      listener};
  const FetchTicket place{static_cast<std::uint32_t>(index_),
                          waiting_.add({client, std::move(waiter)}), client};
  const std::size_t owner = pool_.owner_of(asked.key);
  if (owner == index_) return ask(asked, place);
  pool_.post(owner, [asked, place](CaresForwarder& other) {
    other.ask(asked, place);
  });
}

void CaresForwarder::ask(const Asked& asked, const FetchTicket& waiter) {
  const auto found = fetches_.find(asked.key);
  if (found != fetches_.end()) return join(**found, waiter);
  // The only call in this function: another may drop this plan.
  const Plan& plan = plans_.current();
  const Listener& listener = plan.numbered(asked.listener);
  const Block& block = listener.block_for(asked.question.qname);
  static const UpstreamGroup nobody;
  const UpstreamGroup& group = block.forwards() ? *block.upstreams : nobody;
  if (group.servers.empty()) {
    counters_.unanswered.add();
    return tell(waiter, failed(group.why_none));
  }
  const TimePoint now = std::chrono::steady_clock::now();
  const FetchPtr fetch = fetch_about(asked.question, Fetch::Purpose::kClients);
  fetch->key = asked.key;
  fetch->plan = plans_.edition();
  fetch->waiters.add(waiter);
  const Servers& servers = servers_of(plan, block);
  check_loops(servers, now);
  check_health(servers, now);
  choose(*fetch, servers, group.order, now);
  if (!fetch->has_candidates()) {
    counters_.unanswered.add();
    return tell(waiter, failed(loops_text(group.servers)));
  }
  fetches_.insert(fetch);
  start(*fetch, now);
}

void CaresForwarder::join(Fetch& fetch, const FetchTicket& waiter) {
  static const SharedOutcome too_often = not_asked(
      "too many queries of this client are waiting for the same answer");
  if (!fetch.waiters.add(waiter)) {
    counters_.same_question.add();
    return tell(waiter, too_often);
  }
  counters_.joined.add();
  if (fetch.late) tell(waiter, fetch.late);
}

FetchPtr CaresForwarder::fetch_about(const ForwardQuestion& question,
                                     Fetch::Purpose purpose) {
  return new Fetch(question, purpose, random_, answer_reader_,
                   [this](Fetch& finished, Fetch::Outcome& found) {
                     on_finished(finished, found);
                   });
}

void CaresForwarder::start(Fetch& fetch, TimePoint now) {
  fetch.start(now);
  if (fetch.is_finished()) return;
  by_due_.add(fetch);
  start_ticking();
}

void CaresForwarder::on_finished(Fetch& fetch, Fetch::Outcome& found) {
  if (found.is_late) {
    fetch.late = outcome_of(found, fetch.plan);
    return tell(fetch.waiters, fetch.late);
  }
  by_due_.remove(fetch);
  if (fetch.purpose() == Fetch::Purpose::kLoopCheck) {
    pool_.registry().end_loop_check(fetch.question().qname, found.was_answered,
                                    std::chrono::steady_clock::now());
  }
  if (fetch.purpose() != Fetch::Purpose::kClients) return;
  if (!found.answer) counters_.unanswered.add();
  // Remove the fetch first, because a waiter may start the same fetch again.
  const FetchPtr keep(&fetch);
  fetches_.erase(keep);
  tell(fetch.waiters, outcome_of(found, fetch.plan));
}

SharedOutcome CaresForwarder::outcome_of(Fetch::Outcome& found,
                                         std::uint64_t plan) {
  auto outcome = std::make_shared<ForwardOutcome>();
  outcome->answer = std::move(found.answer);
  outcome->failure = std::move(found.failure);
  outcome->waited = found.waited;
  outcome->is_late = found.is_late;
  outcome->plan = plan;
  return outcome;
}

void CaresForwarder::tell(const FetchTicket& waiter,
                          const SharedOutcome& outcome) {
  if (waiter.worker == index_) return answer(waiter.ticket, outcome);
  pool_.post(waiter.worker,
             [ticket = waiter.ticket, outcome](CaresForwarder& other) {
               other.answer(ticket, outcome);
             });
}

void CaresForwarder::tell(const FetchTickets& waiters,
                          const SharedOutcome& outcome) {
  if (waiters.size() == 1) return tell(*waiters.begin(), outcome);
  std::map<std::uint32_t, OutcomeQueue::Tickets> by_worker;
  for (const FetchTicket& waiter : waiters) {
    by_worker[waiter.worker].push_back(waiter.ticket);
  }
  for (auto& [worker, tickets] : by_worker) {
    if (worker == index_) {
      hand_out(std::move(tickets), outcome);
      continue;
    }
    pool_.post(worker, [tickets = std::move(tickets),
                        outcome](CaresForwarder& other) mutable {
      other.hand_out(std::move(tickets), outcome);
    });
  }
}

void CaresForwarder::hand_out(OutcomeQueue::Tickets tickets,
                              const SharedOutcome& outcome) {
  const std::size_t at_once = std::min(tickets.size(), kToldAtOnce);
  for (std::size_t i = 0; i < at_once; ++i) answer(tickets[i], outcome);
  if (tickets.size() > at_once) {
    outcomes_.add(std::move(tickets), at_once, outcome);
  }
}

void CaresForwarder::answer(WaitingList::Ticket ticket,
                            const SharedOutcome& outcome) {
  if (outcome->is_late) {
    // The final outcome may have been delivered before this late one.
    Waiter* const waiter = waiting_.find(ticket);
    if (waiter != nullptr) waiter->on_outcome(outcome);
    return;
  }
  const WaitingList::Place place = waiting_.take(ticket);
  places_.give_back(place.client);
  place.waiter->on_outcome(outcome);
}

void CaresForwarder::choose(Fetch& fetch, const Servers& servers,
                            UpstreamOrder order, TimePoint now) {
  if (servers.size() > 1 && order == UpstreamOrder::kFastestFirst) {
    return choose_fastest(fetch, servers, now);
  }
  choose_as_written(fetch, servers);
}

// Servers that are down follow those that are up.
void CaresForwarder::choose_as_written(Fetch& fetch, const Servers& servers) {
  const auto add_those_that = [&](bool are_up) {
    for (std::size_t i = 0; i < servers.size(); ++i) {
      UpstreamServer& server = *servers[i];
      if (server.health().is_up() != are_up || server.is_loop()) continue;
      fetch.add(server, i + 1, servers.size());
    }
  };
  add_those_that(true);
  if (!fetch.has_candidates()) counters_.all_down.add();
  add_those_that(false);
}

// Servers about as fast as the fastest take turns.  Slower ones follow, ordered
// by expected cost, and then servers that are down.
void CaresForwarder::choose_fastest(Fetch& fetch, const Servers& servers,
                                    TimePoint now) {
  constexpr double kDown = 1e12;  // nanoseconds; sorts them last
  constexpr double kNoWorse = 1.5;
  constexpr double kNoWorseBy = 5e6;
  ranks_.clear();
  double best = kDown;
  std::size_t number = 0;
  for (UpstreamServer* const server : servers) {
    ++number;
    if (server->is_loop()) continue;
    auto cost = static_cast<double>(server->round_trip().expected().count());
    if (!server->health().is_up()) cost += kDown;
    best = std::min(best, cost);
    ranks_.push_back({cost, server, number});
  }
  if (best >= kDown) counters_.all_down.add();
  const double near = best * kNoWorse + kNoWorseBy;
  const auto is_near = [near](const Rank& rank) { return rank.cost <= near; };
  const auto near_ones = static_cast<std::size_t>(
      std::count_if(ranks_.begin(), ranks_.end(), is_near));
  std::size_t turn = turn_++;
  for (Rank& rank : ranks_) {
    // The near servers come first and take turns.
    if (is_near(rank)) {
      rank.cost = static_cast<double>(turn++ % near_ones) - kDown;
    } else if (rank.server->take_probe(now)) {
      probe(*rank.server, fetch.question(), now);
    }
  }
  std::sort(ranks_.begin(), ranks_.end(),
            [](const Rank& a, const Rank& b) { return a.cost < b.cost; });
  for (const Rank& rank : ranks_) {
    fetch.add(*rank.server, rank.number, servers.size());
  }
}

void CaresForwarder::probe(UpstreamServer& server,
                           const ForwardQuestion& question, TimePoint now) {
  const FetchPtr fetch = fetch_about(question, Fetch::Purpose::kProbe);
  fetch->add(server);
  start(*fetch, now);
}

void CaresForwarder::check_loops(const Servers& servers, TimePoint now) {
  for (UpstreamServer* const server : servers) {
    if (!server->health().take_loop_check(now)) continue;
    const auto name =
        pool_.registry().start_loop_check(server->shared_health(), random_);
    if (!name) continue;
    ForwardQuestion question;
    question.qname = *name;
    const FetchPtr fetch = fetch_about(question, Fetch::Purpose::kLoopCheck);
    fetch->add(*server);
    start(*fetch, now);
  }
}

void CaresForwarder::check_health(const Servers& servers, TimePoint now) {
  for (UpstreamServer* const server : servers) {
    UpstreamHealth& health = server->health();
    if (health.take_check(now) || health.take_routine_check(now)) {
      send_health_check(*server, now);
    }
  }
}

void CaresForwarder::send_health_check(UpstreamServer& server, TimePoint now) {
  ForwardQuestion question;
  question.qname = server.health().domain();
  question.qtype = RrType::kNs;
  const FetchPtr fetch = fetch_about(question, Fetch::Purpose::kHealthCheck);
  fetch->add(server);
  start(*fetch, now);
}

const CaresForwarder::Servers& CaresForwarder::servers_of(const Plan& plan,
                                                          const Block& block) {
  if (edition_ != plans_.edition()) find_servers(plan);
  return servers_by_block_.find(&block)->second;
}

// Blocks have the addresses of `plan`.
void CaresForwarder::find_servers(const Plan& plan) {
  servers_by_block_.clear();
  in_use_.clear();
  for (const auto* const listeners :
       {&plan.listeners(), &plan.for_rewritten()}) {
    for (const Listener& listener : *listeners) find_servers(listener);
  }
  edition_ = plans_.edition();  // last: server_at() may throw
}

void CaresForwarder::find_servers(const Listener& listener) {
  for (const Block& block : listener.blocks) {
    Servers& servers = servers_by_block_[&block];
    if (!block.forwards()) continue;
    for (const SocketAddress& endpoint : block.upstreams->servers) {
      UpstreamServer& server = server_at(*block.upstreams, endpoint);
      servers.push_back(&server);
      in_use_.insert(&server);
    }
  }
}

UpstreamServer& CaresForwarder::server_at(const UpstreamGroup& group,
                                          const SocketAddress& endpoint) {
  auto health = pool_.registry().of(group.domain, endpoint, plans_.edition());
  const std::lock_guard lock(servers_mutex_);
  auto& server = servers_[{group.domain.to_text(), endpoint,
                           group.first_transport, group.tls}];
  if (!server) {
    server = std::make_unique<UpstreamServer>(
        io_, random_, std::move(health),
        UpstreamServer::Settings{.ports = ports_,
                                 .first_transport = group.first_transport,
                                 .tls = tls_of(group)});
  }
  return *server;
}

void CaresForwarder::start_ticking() {
  if (ticking_) return;
  ticking_ = true;
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    ticking_ = false;
    on_tick();
    if (has_work()) start_ticking();
  });
}

void CaresForwarder::on_tick() {
  const TimePoint now = std::chrono::steady_clock::now();
  for (const auto& [endpoint, server] : servers_) {
    server->tick(now);
    // A server of an earlier plan says nothing about the upstream any more: its
    // certificates may be outdated.
    if (in_use_.contains(server.get()) && server->health().take_check(now)) {
      send_health_check(*server, now);
    }
  }
  by_due_.take_due(now, [&](Fetch& fetch) {
    fetch.on_due(now);
    if (!fetch.is_finished()) by_due_.add(fetch);
  });
}

bool CaresForwarder::has_work() const {
  return !by_due_.empty() ||
         std::any_of(servers_.begin(), servers_.end(), [](const auto& item) {
           return item.second->has_channels();
         });
}

void CaresForwarder::add_counts(ForwardCounts& counts) const {
  counts.asked += counters_.asked.value();
  counts.joined += counters_.joined.value();
  counts.unanswered += counters_.unanswered.value();
  counts.over_share += counters_.over_share.value();
  counts.full += counters_.full.value();
  counts.same_question += counters_.same_question.value();
  const std::lock_guard lock(servers_mutex_);
  counts.all_down += counters_.all_down.value();
  for (const auto& [key, server] : servers_) {
    add(server->counters(), counts.upstream(key.endpoint));
  }
}

}  // namespace canopy
