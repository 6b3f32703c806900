// What a second worker adds where neither sockets nor a client are the limit:
// the whole way of a cached answer from octets to octets, on one thread and on
// two at once, with the cache they share and with one for each.
//
//   worker_scaling [ROUNDS]    prints a table; medians
#include <algorithm>
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server/answer/query_handler.h"
#include "tests/support/cluster_zone.h"
#include "tests/support/query_message.h"
#include "tests/support/test_plan.h"

namespace {

using namespace canopy;

constexpr int kServices = 1000;
constexpr int kTurns = 500;  // of all questions, each round

class NoUpstreams final : public Forwarder {
 public:
  void forward(const Query&, Client, std::unique_ptr<Waiter>) override {
    std::abort();
  }
};

class Nowhere final : public ReplySink {
 public:
  void send(std::span<const std::uint8_t> message, const Peer&) override {
    octets += message.size();
  }
  std::size_t octets = 0;
};

std::string cluster() {
  std::string text;
  for (int i = 0; i < kServices; ++i) {
    const std::string number = std::to_string(i);
    text += "service prod/svc-" + number + " 10.96." + std::to_string(i / 250) +
            "." + std::to_string(i % 250 + 1) + "\n";
  }
  return text;
}

std::vector<Octets> questions() {
  std::vector<Octets> messages;
  for (int i = 0; i < kServices; ++i) {
    messages.push_back(test::query_message("svc-" + std::to_string(i) +
                                           ".prod.svc.cluster.local. A"));
  }
  return messages;
}

// What one worker has of its own.
class Worker {
 public:
  Worker(ZoneStore& store, AnswerCache& cache)
      : handler_(store, plans_, cache, upstreams_, counters_, {}) {
    plans_.publish(test::plan_for());
    reply_.sink = &nowhere_;
    reply_.received = TimePoint(std::chrono::hours(1));
  }

  // Each worker in an order of its own.
  void answer(std::vector<Octets> messages, int turns) {
    std::ranges::shuffle(messages, std::mt19937(std::random_device{}()));
    for (int turn = 0; turn < turns; ++turn) {
      for (const Octets& message : messages) handler_.handle(message, reply_);
      handler_.end_batch(std::chrono::steady_clock::now());
    }
  }

 private:
  PlanStore plans_;
  NoUpstreams upstreams_;
  QueryCounters counters_;
  Nowhere nowhere_;
  Reply reply_;
  QueryHandler handler_;
};

// Nanoseconds of wall time until `threads` workers each have answered
// everything, by the questions that were answered.
double nanoseconds_a_question(ZoneStore& store, int threads, bool one_cache,
                              const std::vector<Octets>& messages) {
  using Clock = std::chrono::steady_clock;
  std::vector<std::unique_ptr<AnswerCache>> caches;
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < threads; ++i) {
    if (caches.empty() || !one_cache) {
      caches.push_back(std::make_unique<AnswerCache>(CacheLimits{}));
    }
    workers.push_back(std::make_unique<Worker>(store, *caches.back()));
    workers.back()->answer(messages, 2);  // into the cache
  }
  std::barrier start(threads + 1);
  std::vector<std::thread> running;
  for (const auto& worker : workers) {
    running.emplace_back([&] {
      start.arrive_and_wait();
      worker->answer(messages, kTurns);
    });
  }
  start.arrive_and_wait();
  const auto began = Clock::now();
  for (std::thread& thread : running) thread.join();
  const std::chrono::duration<double, std::nano> took = Clock::now() - began;
  return took.count() /
         (static_cast<double>(messages.size()) * kTurns * threads);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
  const auto store = test::cluster_store(cluster());
  const std::vector<Octets> messages = questions();
  std::vector<double> alone, shared, apart;
  for (int round = 0; round < rounds; ++round) {
    alone.push_back(nanoseconds_a_question(*store, 1, true, messages));
    shared.push_back(nanoseconds_a_question(*store, 2, true, messages));
    apart.push_back(nanoseconds_a_question(*store, 2, false, messages));
  }
  const double one = median(alone);
  std::printf("| workers | ns/question | times one worker |\n|---|---|---|\n");
  std::printf("| 1 | %.0f | 1.00 |\n", one);
  std::printf("| 2, one cache | %.0f | %.2f |\n", median(shared),
              one / median(shared));
  std::printf("| 2, a cache each | %.0f | %.2f |\n", median(apart),
              one / median(apart));
}
