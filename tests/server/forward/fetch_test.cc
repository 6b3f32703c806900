#include "server/forward/fetch.h"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/forward/forward_timing.h"
#include "tests/healthz/scripted_server.h"

namespace canopy {
namespace {

using namespace std::chrono_literals;

constexpr const char* kAsked = "www.example.com";

std::optional<Message> never(const Message&) { return std::nullopt; }
// Without the query's OPT record.
Message fetch_reply(Message query, int rcode,
                    std::optional<std::string_view> text = {}) {
  query.resize(12 + std::string_view(kAsked).size() + 2 + 4);
  query[11] = 0;
  return reply_to(query, static_cast<std::uint8_t>(rcode), text);
}
ScriptedServer::Script answers_with(int rcode) {
  return [rcode](const Message& query) { return fetch_reply(query, rcode); };
}

// Upstreams, and the fetches that ask them.  They listen on one port of this
// thread; times that have not come yet are given to on_due().
struct FetchRun {
  explicit FetchRun(std::vector<ScriptedServer::Script> scripts) {
    for (auto& script : scripts) {
      peers.push_back(std::make_unique<ScriptedServer>(io, std::move(script)));
      servers.push_back(std::make_unique<UpstreamServer>(
          io, random,
          std::make_shared<UpstreamHealth>(Name(), peers.back()->endpoint(),
                                           SayChanges::kNo, QueryCase::kNever),
          UpstreamServer::Settings{.ports = 4}));
    }
  }
  ~FetchRun() {
    if (fetch) fetch->abandon();
    for (const auto& server : servers) server->close();
  }

  void start(Fetch::Purpose purpose = Fetch::Purpose::kClients) {
    ForwardQuestion question;
    question.qname = *Name::from_text(kAsked);
    question.qtype = RrType::kTxt;
    fetch = new Fetch(question, purpose, random, reader,
                      [this](Fetch&, Fetch::Outcome& outcome) {
                        outcomes.push_back(std::move(outcome));
                      });
    for (std::size_t i = 0; i < servers.size(); ++i) {
      fetch->add(*servers[i], i + 1, servers.size());
    }
    begun = std::chrono::steady_clock::now();
    fetch->start(begun);
  }
  void run_until(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + 30s;
    while (!holds()) {
      REQUIRE(std::chrono::steady_clock::now() < limit);
      io.run_one_for(100ms);
    }
  }
  const Fetch::Outcome& outcome() {
    run_until([&] { return !outcomes.empty(); });
    REQUIRE(outcomes.size() == 1);
    return outcomes.front();
  }
  // Runs until the fetch ends.  No query gets an answer.
  // Returns how often it looked.
  int live_through_silence() {
    int looks = 0;
    TimePoint last = begun;
    while (!fetch->is_finished()) {
      REQUIRE(++looks < 100);
      const TimePoint due = fetch->due();
      CHECK(due > last);
      CHECK(due <= begun + kBudget);
      last = due;
      fetch->on_due(due);
    }
    return looks;
  }
  // Of peer `i`, once all datagrams have come.
  int datagrams_at(std::size_t i) {
    const auto sent = static_cast<int>(servers[i]->counters().asked.value());
    run_until([&] {
      return peers[i]->udp_queries() + peers[i]->tcp_queries() == sent;
    });
    return peers[i]->udp_queries();
  }

  boost::asio::io_context io{1};
  RandomOctets random;
  UpstreamAnswerReader reader;
  std::vector<std::unique_ptr<ScriptedServer>> peers;
  std::vector<std::unique_ptr<UpstreamServer>> servers;
  TimePoint begun;
  std::vector<Fetch::Outcome> outcomes;
  FetchPtr fetch;
};

TEST_CASE("fetch: a refusal is not taken for an answer") {
  for (const Rcode rcode :
       {Rcode::kServFail, Rcode::kRefused, Rcode::kFormErr, Rcode::kNotImp}) {
    CHECK(is_refusal(rcode));
  }
  CHECK_FALSE(is_refusal(Rcode::kNoError));
  CHECK_FALSE(is_refusal(Rcode::kNxDomain));
  CHECK(dislikes_question(Rcode::kFormErr));
  CHECK(dislikes_question(Rcode::kNotImp));
  CHECK_FALSE(dislikes_question(Rcode::kServFail));
}

TEST_CASE("fetch: the first server that answers is the only one asked") {
  FetchRun run({answers_with(3), answers_with(0)});
  run.start();
  const Fetch::Outcome& outcome = run.outcome();
  REQUIRE(outcome.answer);
  CHECK(outcome.answer->rcode == Rcode::kNxDomain);
  CHECK(outcome.failure.empty());
  CHECK_FALSE(outcome.is_late);
  CHECK(outcome.waited > 0ns);
  CHECK(run.fetch->is_finished());
  CHECK(run.datagrams_at(0) == 1);
  CHECK(run.datagrams_at(1) == 0);
  UpstreamCounts counts;
  add(run.servers[0]->counters(), counts);
  CHECK(counts.answers[std::size_t(RcodeClass::kNxDomain)].answers() == 1);
}

TEST_CASE("fetch: after a refusal the next server is asked at once") {
  FetchRun run({answers_with(2), answers_with(0)});
  run.start();
  const Fetch::Outcome& outcome = run.outcome();
  REQUIRE(outcome.answer);
  CHECK(outcome.answer->rcode == Rcode::kNoError);
  // The refusal was the server's fault, for the other one answered.
  CHECK(run.servers[0]->counters().failures.value() == 1);
  CHECK(run.servers[1]->counters().failures.value() == 0);
}

TEST_CASE("fetch: when all refuse, the refusal is the answer, with reasons") {
  FetchRun run({answers_with(2), answers_with(5)});
  run.start();
  const Fetch::Outcome& outcome = run.outcome();
  REQUIRE(outcome.answer);
  CHECK(is_refusal(outcome.answer->rcode));
  CHECK(outcome.failure.find("answered SERVFAIL") != std::string::npos);
  CHECK(outcome.failure.find("answered REFUSED") != std::string::npos);
  // The name's fault: no server is the worse for it.
  CHECK(run.servers[0]->counters().failures.value() == 0);
  CHECK(run.servers[1]->counters().failures.value() == 0);
}

TEST_CASE("fetch: a server that dislikes EDNS is asked without") {
  const auto no_edns = [](const Message& query) {
    return std::optional(fetch_reply(query, query[11] != 0 ? 1 : 0));
  };
  FetchRun run({no_edns});
  run.start();
  const Fetch::Outcome& outcome = run.outcome();
  REQUIRE(outcome.answer);
  CHECK(outcome.answer->rcode == Rcode::kNoError);
  CHECK(run.datagrams_at(0) == 2);
}

TEST_CASE("fetch: a silent server is asked so often, and then once over TCP") {
  // Waits have a random part.  If all are long, the time is over before TCP's
  // turn comes.
  int over_tcp = 0;
  for (int i = 0; i < 30 && over_tcp == 0; ++i) {
    FetchRun run({never});
    run.start();
    run.live_through_silence();
    REQUIRE(run.outcomes.size() == 1);  // without waiters a fetch is never late
    CHECK_FALSE(run.outcomes[0].answer);
    CHECK(run.outcomes[0].waited <= kBudget);
    CHECK(run.outcomes[0].failure.find("timed out") != std::string::npos);
    CHECK(run.datagrams_at(0) == kMostAttempts);
    over_tcp = run.peers[0]->tcp_queries();
  }
  CHECK(over_tcp == 1);
}

TEST_CASE("fetch: silent servers are each asked, in their order") {
  FetchRun run({never, never, never});
  run.start();
  CHECK(run.datagrams_at(0) == 1);
  CHECK(run.datagrams_at(1) == 0);
  run.fetch->on_due(run.fetch->due());
  CHECK(run.datagrams_at(1) == 1);
  CHECK(run.datagrams_at(2) == 0);
  run.live_through_silence();
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(run.datagrams_at(i) >= 1);
    CHECK(run.datagrams_at(i) <= kMostAttempts);
  }
}

TEST_CASE("fetch: a late answer to an earlier question still counts") {
  FetchRun run({answers_with(0), never});
  run.start();
  // The second is asked before the first one's answer is read.
  run.fetch->on_due(run.fetch->due());
  CHECK(run.outcome().answer);
  CHECK(run.servers[1]->counters().asked.value() == 1);
}

TEST_CASE("fetch: its waiters hear once that it takes long") {
  FetchRun run({never});
  run.start();
  REQUIRE(run.fetch->waiters.add({}));
  run.live_through_silence();
  REQUIRE(run.outcomes.size() == 2);
  CHECK(run.outcomes[0].is_late);
  CHECK(run.outcomes[0].waited >= kClientPatience);
  CHECK_FALSE(run.outcomes[0].answer);
  CHECK_FALSE(run.outcomes[1].is_late);
}

TEST_CASE("fetch: a truncated answer is completed over TCP") {
  FetchRun run({[sent = 0](const Message& query) mutable {
    auto reply = fetch_reply(query, 0, "text");
    if (sent++ == 0) reply[2] |= 0x02;  // TC, over UDP
    return std::optional<Message>(std::move(reply));
  }});
  run.start();
  const Fetch::Outcome& outcome = run.outcome();
  REQUIRE(outcome.answer);
  CHECK_FALSE(outcome.answer->is_truncated);
  CHECK(outcome.answer->is_positive);
  CHECK(run.peers[0]->tcp_queries() == 1);
}

TEST_CASE("fetch: without TCP the truncated answer is what there is") {
  FetchRun run({[](const Message& query) {
    auto reply = fetch_reply(query, 0, "text");
    reply[2] |= 0x02;
    return std::optional<Message>(std::move(reply));
  }});
  run.peers[0]->stop_tcp();
  run.start();
  const Fetch::Outcome& outcome = run.outcome();
  REQUIRE(outcome.answer);
  CHECK(outcome.answer->is_truncated);
}

TEST_CASE("fetch: ports without servers fail at once, and are named") {
  FetchRun run({never, never});
  for (auto& peer : run.peers) peer.reset();
  run.io.poll();
  run.io.restart();
  run.start();
  const Fetch::Outcome& outcome = run.outcome();
  CHECK_FALSE(outcome.answer);
  CHECK(outcome.failure.find("is unreachable") != std::string::npos);
  for (const auto& server : run.servers) {
    CHECK(server->counters().failures.value() == 1);
  }
}

TEST_CASE("fetch: an answer to another question is passed over") {
  FetchRun run({[](const Message& query) {
    Message other = query;
    other[13] = 'x';
    return std::optional(fetch_reply(other, 0));
  }});
  run.start();
  run.run_until(
      [&] { return run.servers[0]->counters().bad_messages.value() > 0; });
  run.live_through_silence();
  REQUIRE(run.outcomes.size() == 1);
  CHECK_FALSE(run.outcomes[0].answer);
  CHECK(run.outcomes[0].failure.find("answered another question") !=
        std::string::npos);
}

TEST_CASE("fetch: a probe asks each server once, and TCP never") {
  FetchRun run({never, never});
  run.start(Fetch::Purpose::kProbe);
  run.live_through_silence();
  CHECK(run.datagrams_at(0) == 1);
  CHECK(run.datagrams_at(1) == 1);
  CHECK(run.peers[0]->tcp_queries() + run.peers[1]->tcp_queries() == 0);
  CHECK(run.outcomes.size() == 1);
}

TEST_CASE("fetch: any response ends a health check well") {
  for (const int rcode : {0, 2, 5}) {
    CAPTURE(rcode);
    FetchRun run({answers_with(rcode)});
    UpstreamHealth& health = run.servers[0]->health();
    REQUIRE(health.take_routine_check(std::chrono::steady_clock::now()));
    run.start(Fetch::Purpose::kHealthCheck);
    CHECK_FALSE(run.outcome().answer);
    CHECK(health.is_up());
    CHECK_FALSE(health.answers_nothing(std::chrono::steady_clock::now()));
  }
}

TEST_CASE("fetch: a loop check says whether it was answered") {
  for (const bool is_answered : {false, true}) {
    CAPTURE(is_answered);
    FetchRun run({is_answered ? answers_with(3) : never});
    run.start(Fetch::Purpose::kLoopCheck);
    if (!is_answered) run.live_through_silence();
    CHECK(run.outcome().was_answered == is_answered);
    CHECK(run.datagrams_at(0) == 1);
  }
}

TEST_CASE("fetch: after it is abandoned, no waiter hears of it") {
  FetchRun run({answers_with(0)});
  run.start();
  run.fetch->abandon();
  run.run_until([&] { return run.peers[0]->udp_queries() == 1; });
  run.io.run_for(20ms);
  CHECK(run.outcomes.empty());
  CHECK(run.fetch->is_finished());
}

}  // namespace
}  // namespace canopy
