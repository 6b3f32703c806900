// The cost of many waiters for one query: its answer is read once, shared, and
// handed out in parts.
#include <doctest/doctest.h>

#include <mutex>
#include <set>
#include <string>

#include "server/forward/fetch_tickets.h"
#include "server/forward/outcome_queue.h"
#include "tests/server/forwarders.h"

namespace canopy {
namespace {

using Ticket = WaitingList::Ticket;

SharedOutcome failure(std::string why) {
  auto outcome = std::make_shared<ForwardOutcome>();
  outcome->failure = std::move(why);
  return outcome;
}

OutcomeQueue::Tickets tickets(std::uint32_t first, std::uint32_t count) {
  OutcomeQueue::Tickets made;
  for (std::uint32_t i = 0; i < count; ++i) made.push_back({first + i, 0});
  return made;
}

// A place of a WaitingList whose waiter does nothing.
WaitingList::Place somebody() {
  return {kSomebody, waiter_of([](const ForwardOutcome&) {})};
}

// Waits for one query many times.  The upstream answers when released.
class Waiters {
 public:
  explicit Waiters(std::size_t workers)
      : forwarders_({upstream_.endpoint()}, workers,
                    {.max_waiting = 1'000'000}) {}
  ~Waiters() { let_answer(); }

  // `told` is called on the waiter's worker.
  template <typename Told>
  void add(std::size_t worker, Client client, Told told) {
    forwarders_.on(worker, [=](CaresForwarder& forwarder) {
      forwarder.forward(query_for("a.example"), 0, client,
                        shared_waiter_of(told));
    });
  }
  void until_they_wait(std::uint64_t count) {
    const auto waiting = [this] {
      const ForwardCounts counts = forwarders_.counts();
      return counts.joined + counts.same_question + 1;
    };
    while (waiting() < count) std::this_thread::yield();
  }
  void let_answer() {
    answers_ = true;
    answers_.notify_all();
  }
  Forwarders& forwarders() { return forwarders_; }

 private:
  template <typename Told>
  static std::unique_ptr<Forwarder::Waiter> shared_waiter_of(Told told) {
    class Function final : public Forwarder::Waiter {
     public:
      explicit Function(Told told) : told_(std::move(told)) {}
      void on_outcome(const SharedOutcome& outcome) override {
        if (!outcome->is_late) told_(outcome);
      }

     private:
      Told told_;
    };
    return std::make_unique<Function>(std::move(told));
  }

  std::atomic<bool> answers_{false};
  ScriptedUpstream upstream_{[this](const Octets& question, Transport) {
    answers_.wait(false);
    return Messages{reply_to(question)};
  }};
  Forwarders forwarders_;
};

TEST_CASE("all who wait share one outcome, whatever their worker") {
  constexpr std::size_t kWaiters = 900;
  std::mutex mutex;
  std::set<SharedOutcome> outcomes;
  std::size_t told = 0;
  std::promise<void> all_told;
  Waiters waiters(3);
  for (std::size_t i = 0; i < kWaiters; ++i) {
    waiters.add(i % 3, kSomebody, [&](const SharedOutcome& outcome) {
      const std::lock_guard lock(mutex);
      outcomes.insert(outcome);
      if (++told == kWaiters) all_told.set_value();
    });
  }
  waiters.until_they_wait(kWaiters);
  waiters.let_answer();
  all_told.get_future().wait();
  CHECK(outcomes.size() == 1);
  CHECK(answers_in(**outcomes.begin()) == 1);
}

TEST_CASE("between two parts of those who wait, others get their turn") {
  constexpr std::size_t kWaiters = 5'000;
  std::size_t told = 0;
  std::size_t told_before = 0;
  std::promise<void> all_told;
  Waiters waiters(1);
  const auto on_told = [&](const SharedOutcome&) {
    if (++told == kWaiters) all_told.set_value();
    if (told != 1) return;
    // As if a query arrived directly after the answer.
    waiters.forwarders().on(0, [&](CaresForwarder&) { told_before = told; });
  };
  for (std::uint64_t i = 0; i < kWaiters; ++i) {
    waiters.add(0, Client{1 + i % 10}, on_told);
  }
  waiters.until_they_wait(kWaiters);
  waiters.let_answer();
  all_told.get_future().wait();
  CHECK(told_before >= 1);
  CHECK(told_before <= 2 * OutcomeQueue::kWaitersInATurn);
}

TEST_CASE("a client waits for one question a bounded number of times") {
  constexpr std::size_t kMost = FetchTickets::kMostOfOneClient;
  std::size_t shed = 0;
  std::size_t answered = 0;
  std::promise<void> all_told;
  Waiters waiters(1);
  const auto on_told = [&](const SharedOutcome& outcome) {
    ++(outcome->is_shed ? shed : answered);
    if (shed + answered == kMost + 102) all_told.set_value();
  };
  for (std::size_t i = 0; i < kMost + 100; ++i) {
    waiters.add(0, kSomebody, on_told);
  }
  for (int i = 0; i < 2; ++i) waiters.add(0, kAnother, on_told);
  waiters.until_they_wait(kMost + 102);
  waiters.let_answer();
  all_told.get_future().wait();
  CHECK(shed == 100);
  CHECK(answered == kMost + 2);
  CHECK(waiters.forwarders().counts().same_question == 100);
}

TEST_CASE("outcomes are told in parts, and take turns") {
  boost::asio::io_context io;
  std::string told;
  OutcomeQueue queue(io, [&](Ticket, const SharedOutcome& outcome) {
    if (told.empty() || told.back() != outcome->failure[0]) {
      told += outcome->failure;
    }
  });
  constexpr std::uint32_t kPart = OutcomeQueue::kWaitersInATurn;
  queue.add(tickets(0, 2 * kPart + 1), 0, failure("a"));
  queue.add(tickets(1000, kPart + 1), 0, failure("b"));
  CHECK(told.empty());
  const std::string after[] = {"a", "ab", "aba", "abab", "ababa"};
  for (const std::string& turn : after) {
    CHECK(io.poll_one() == 1);
    CHECK(told == turn);
  }
  CHECK(io.poll_one() == 0);
}

TEST_CASE("each who waits is told once, from the first that was not yet") {
  boost::asio::io_context io;
  std::vector<std::uint32_t> told;
  OutcomeQueue queue(io, [&](Ticket ticket, const SharedOutcome&) {
    told.push_back(ticket.place);
  });
  queue.add(tickets(0, 300), 4, failure("a"));
  io.run();
  REQUIRE(told.size() == 296);
  for (std::uint32_t i = 0; i < told.size(); ++i) CHECK(told[i] == i + 4);
}

TEST_CASE("of a large answer, fewer are told in a turn") {
  boost::asio::io_context io;
  std::size_t told = 0;
  OutcomeQueue queue(io, [&](Ticket, const SharedOutcome&) { ++told; });
  const Octets message(60'000);
  auto outcome = std::make_shared<ForwardOutcome>();
  outcome->answer.emplace();
  outcome->answer->octets.assign({message, {}, {}});
  queue.add(tickets(0, 100), 0, outcome);
  io.poll_one();
  CHECK(told >= 1);
  CHECK(told * message.size() <= OutcomeQueue::kOctetsInATurn);
}

TEST_CASE("a ticket finds nobody once it is taken") {
  WaitingList list;
  const Ticket first = list.add(somebody());
  Forwarder::Waiter* const waiter = list.find(first);
  CHECK(waiter != nullptr);
  CHECK(list.take(first).waiter.get() == waiter);
  CHECK(list.find(first) == nullptr);
  const Ticket second = list.add(somebody());
  CHECK(second.place == first.place);
  CHECK(list.find(first) == nullptr);
  CHECK(list.find(second) != nullptr);
}

}  // namespace
}  // namespace canopy
