// The forwarders of some workers, and their upstreams.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/config/plan_compiler.h"
#include "server/forward/cares_forwarder.h"
#include "server/plan/upstream_text.h"
#include "tests/server/scripted_upstream.h"

namespace canopy {

inline Query query_for(const std::string& qname, RrType qtype = RrType::kA) {
  Query query;
  query.qname = *Name::from_text(qname);
  query.qtype = qtype;
  return query;
}

inline constexpr Client kSomebody{1};
inline constexpr Client kAnother{2};

inline std::shared_ptr<const Plan> plan_of(
    std::vector<DomainUpstreams> upstreams) {
  return compile({}, std::move(upstreams));
}

// The forwarders of some workers, each with a thread, and their upstreams.
class Forwarders {
 public:
  explicit Forwarders(std::vector<SocketAddress> servers,
                      std::size_t workers = 1,
                      CaresForwarder::Settings settings = {},
                      SayChanges say = SayChanges::kNo)
      : Forwarders(UpstreamGroup{.servers = std::move(servers)}, workers,
                   settings, say) {}
  explicit Forwarders(UpstreamGroup group, std::size_t workers = 1,
                      CaresForwarder::Settings settings = {},
                      SayChanges say = SayChanges::kNo)
      : budget_(settings.max_waiting * 8192),
        pool_(budget_, say, QueryCase::kAlways) {
    store.publish(plan_of({{Name(), std::move(group)}}));
    for (std::size_t i = 0; i < workers; ++i) {
      workers_.push_back(std::make_unique<Worker>(store, pool_, settings));
    }
    for (const auto& worker : workers_) {
      worker->thread = std::thread([io = &worker->io] { io->run(); });
    }
  }
  ~Forwarders() {
    for (const auto& worker : workers_) worker->io.stop();
    for (const auto& worker : workers_) worker->thread.join();
  }

  // Calls `act(forwarder)` on a worker's thread.
  template <typename Act>
  void on(std::size_t worker, Act act) {
    boost::asio::post(workers_[worker]->io, [this, worker, act] {
      act(workers_[worker]->forwarder);
    });
  }
  std::future<ForwardOutcome> start(const Query& query, std::size_t worker = 0,
                                    Client client = kSomebody,
                                    std::uint8_t listener = 0) {
    auto promise = std::make_shared<std::promise<ForwardOutcome>>();
    boost::asio::post(workers_[worker]->io, [=, this] {
      workers_[worker]->forwarder.forward(
          query, listener, client,
          waiter_of([=, this](const ForwardOutcome& outcome) {
            if (outcome.is_late) {
              ++late_;
              return;
            }
            CHECK(std::this_thread::get_id() ==
                  workers_[worker]->thread.get_id());
            ForwardOutcome told = outcome;
            told.failure =
                with_names(outcome.failure, UpstreamNames::kAddresses);
            promise->set_value(told);
          }));
    });
    return promise->get_future();
  }
  ForwardOutcome ask(const Query& query, std::size_t worker = 0,
                     Client client = kSomebody, std::uint8_t listener = 0) {
    return start(query, worker, client, listener).get();
  }
  ForwardCounts counts() const {
    ForwardCounts counts;
    for (const auto& worker : workers_) worker->forwarder.add_counts(counts);
    return counts;
  }
  std::vector<UpstreamReport> health() const {
    return pool_.registry().in_use();
  }

  // The number of late outcomes.
  int late() const { return late_; }

  PlanStore store;

 private:
  struct Worker {
    Worker(const PlanStore& plans, ForwarderPool& pool,
           const CaresForwarder::Settings& settings)
        : forwarder(io, plans, pool, settings) {}
    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
        work{io.get_executor()};
    CaresForwarder forwarder;
    std::thread thread;
  };

  std::atomic<int> late_{0};
  MemoryBudget budget_;
  ForwarderPool pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

inline ScriptedUpstream::Script always(const TestReply& reply) {
  return [reply](const Octets& question, Transport) {
    return Messages{reply_to(question, reply)};
  };
}

inline Messages silence(const Octets&, Transport) { return {}; }

inline Octets message_in(const ForwardOutcome& outcome) {
  INFO(outcome.failure);
  REQUIRE(outcome.answer);
  const auto message = outcome.answer->encoded().message;
  return {message.begin(), message.end()};
}
inline int answers_in(const ForwardOutcome& outcome) {
  const Octets message = message_in(outcome);
  return message[6] << 8 | message[7];
}
inline int rcode_in(const ForwardOutcome& outcome) {
  return message_in(outcome)[3] & 15;
}

// Returns a loopback port without a listener.
inline SocketAddress closed_port() {
  boost::asio::io_context io;
  const boost::asio::ip::udp::socket socket(
      io, {boost::asio::ip::address_v4::loopback(), 0});
  return socket.local_endpoint();
}

}  // namespace canopy
