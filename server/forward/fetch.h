// One query in flight to upstreams, shared by all clients that wait for its
// answer.  Chooses the next upstream, the time of retries, and the outcome.
// Runs on the thread of its forwarder.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <functional>
#include <optional>

#include "cache/cache_key.h"
#include "server/forward/fetch_tickets.h"
#include "server/forward/forward_question.h"
#include "server/forward/forwarder.h"
#include "server/forward/recycled.h"
#include "server/forward/upstream_answer_reader.h"
#include "server/forward/upstream_server.h"
#include "server/net/random_octets.h"
#include "zones/time_point.h"

namespace canopy {

// A fetch's place in the TimingWheel.
using DueHook = boost::intrusive::list_base_hook<
    boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// True when the upstream refused or failed, so that another one may answer.
bool is_refusal(Rcode rcode);
// True for a refusal caused by the form of the query, not by its name.
bool dislikes_question(Rcode rcode);

class Fetch
    : public boost::intrusive_ref_counter<Fetch, boost::thread_unsafe_counter>,
      public DueHook,
      public Recycled<Fetch> {
 public:
  struct Outcome {
    // As in ForwardOutcome.
    std::optional<UpstreamAnswer> answer{};
    std::string failure{};
    std::chrono::nanoseconds waited{0};
    bool is_late = false;
    // kLoopCheck: the upstream answered.
    bool was_answered = false;
  };
  // Called once with the outcome, unless abandoned.  May be called once before
  // that with a late outcome.
  using Finished = std::function<void(Fetch&, Outcome&)>;

  enum class Purpose : std::uint8_t {
    kClients,
    kProbe,        // no waiters: asks each server once, to measure it
    kLoopCheck,    // no waiters: its name shows when a query loops back
    kHealthCheck,  // no waiters: any response shows that the server is up
  };

  // `random` and `reader` must outlive this.
  Fetch(ForwardQuestion question, Purpose purpose, RandomOctets& random,
        UpstreamAnswerReader& reader, Finished finished)
      : question_(std::move(question)),
        purpose_(purpose),
        random_(random),
        reader_(reader),
        finished_(std::move(finished)) {}

  // Adds a server; the first one added is asked first.  At least one is
  // required before start().  `server` must outlive this.  `number` of `count`
  // is its place in the configuration, for error texts.
  void add(UpstreamServer& server, std::size_t number, std::size_t count) {
    // Our own queries need neither EDNS nor random case, and each upstream
    // accepts queries without them.
    const bool is_plain =
        purpose_ == Purpose::kLoopCheck || purpose_ == Purpose::kHealthCheck;
    candidates_.push_back({.server = &server,
                           .number = number,
                           .transport = server.first_transport(),
                           .own_case = is_plain,
                           .without_edns = is_plain});
    configured_ = count;
  }
  // Adds a server that error texts do not name.
  void add(UpstreamServer& server) { add(server, 1, 1); }

  const ForwardQuestion& question() const { return question_; }
  Purpose purpose() const { return purpose_; }
  bool has_candidates() const { return !candidates_.empty(); }

  void start(TimePoint now);
  // When to call on_due() next.
  TimePoint due() const { return due_; }
  void on_due(TimePoint now);
  // Later messages are only counted.
  void abandon() { is_finished_ = true; }
  bool is_finished() const { return is_finished_; }

  // Used by the forwarder.
  std::optional<CacheKey> key;  // kClients: identical queries join by it
  FetchTickets waiters;
  std::uint64_t plan = 0;  // the edition of the plan that names the servers
  // The outcome for waiters that join from now on; null until the fetch is
  // late.
  SharedOutcome late;

 private:
  enum class State : std::uint8_t {
    kNotAsked,
    kWaiting,
    kBad,  // a bad answer came; the right one may still come
    kFailed,
    kRefused,
  };
  // How and when one attempt was sent.
  struct Attempt {
    std::size_t index = 0;
    int number = 0;  // counts the candidate's attempts, from 1
    TimePoint time{};
    CaseBits case_bits = 0;
    WithEdns edns = WithEdns::kYes;
    Transport transport = Transport::kUdp;
  };
  struct Candidate {
    UpstreamServer* server = nullptr;
    std::size_t number = 1;
    State state = State::kNotAsked;
    // The next three describe the next attempt.
    Transport transport = Transport::kUdp;
    bool own_case = false;  // use the client's case
    bool without_edns = false;
    bool can_be_plainer = false;  // it refused; the next attempt is plainer
    bool is_disputed = false;     // a UDP answer had another case
    bool has_truncated = false;   // a truncated answer is held
    bool counted_late = false;    // the current attempt counts as too slow
    bool was_up = false;          // when first asked
    bool was_lost = false;        // an attempt was late or failed
    int attempts = 0;
    int tcp_attempts = 0;
    Rcode refusal = Rcode::kNoError;  // for kRefused
    const char* failure = "timed out";
    Attempt last{};
    // The last UDP attempt that was refused or timed out.
    std::optional<Attempt> failed{};
  };

  void ask(std::size_t index, TimePoint now);
  void ask(const Candidate& candidate, TimePoint now) {
    ask(static_cast<std::size_t>(&candidate - candidates_.data()), now);
  }

  // --- messages and failures (fetch_messages.cc, fetch_faults.cc) ---
  class Receiver;
  // Returns true when the attempt ends.
  bool on_message(const Attempt& attempt,
                  std::span<const std::uint8_t> message);
  void on_failure(const Attempt& attempt, UpstreamChannel::Failure failure);
  bool on_loop_check(TimePoint now, std::span<const std::uint8_t> message);
  bool on_health_check(TimePoint now, std::span<const std::uint8_t> message);
  // Returns false when the answer may be spoofed.  The first such answer makes
  // the query go out again over TCP.
  bool has_our_case(const Attempt& attempt, TimePoint now,
                    std::span<const std::uint8_t> message);
  void on_truncated(const Attempt& attempt, TimePoint now,
                    std::span<const std::uint8_t> message);
  void on_refusal(const Attempt& attempt, TimePoint now,
                  std::span<const std::uint8_t> message);
  // A message that is not the answer, or is malformed.  The answer may still
  // come, but the next upstream is asked at once.
  enum class Bad : std::uint8_t { kNotTheAnswer, kMalformed };
  void on_bad(const Attempt& attempt, TimePoint now, Bad bad);
  // TCP was used in place of UDP.
  void on_tcp_failure(const Attempt& attempt, TimePoint now);
  // The attempt used the upstream's first transport.
  void on_first_failure(const Attempt& attempt, TimePoint now,
                        UpstreamChannel::Failure failure);
  void end_own_question(UpstreamChannel::Failure failure);
  // Drops from the next attempt the part that the upstream may not support.
  // Returns false when there is nothing left to drop.
  bool make_plainer(Candidate& candidate, const Attempt& attempt, Rcode rcode);
  // Records whether the upstream supports EDNS and preserves case, as this
  // answer shows.
  void learn(const Attempt& attempt, TimePoint now,
             std::span<const std::uint8_t> message);
  // Keeps the best answer in case no better one comes: truncated answers are
  // better than refusals.
  void hold(std::optional<UpstreamAnswer> answer);

  // --- next upstream and next retry (fetch.cc) ---
  // After a failure: asks the next upstream that was not asked, or finishes.
  void go_on(TimePoint now);
  // Null when all upstreams were asked.
  Candidate* not_asked();
  // Null when each upstream refused or had all its attempts.
  Candidate* worth_asking_again();
  // An upstream that refused and can be asked in a plainer form; null: none.
  Candidate* worth_asking_plainer(TimePoint now);
  void ask_again(Candidate& candidate, TimePoint now);
  // The upstream does not answer over TCP.
  void give_up_tcp(Candidate& candidate, TimePoint now);
  // A truncated answer is held, and TCP takes too long.  Returns true while the
  // fetch still waits for TCP.
  bool waits_for_tcp(Candidate& candidate, TimePoint now);
  bool any_is(State state) const;
  // True when no answers are expected, except late ones.
  bool is_hopeless() const {
    return !any_is(State::kWaiting) && !any_is(State::kNotAsked);
  }
  bool all_are_loops() const;
  void count_late(TimePoint now);
  void look(TimePoint now);
  // Asks the next upstream, if there is one.  Returns false when nothing is
  // left to wait for.
  bool goes_on(TimePoint now);
  void set_next_look(TimePoint now);
  void set_due();
  void become_late(TimePoint now);
  void finish(TimePoint now);
  void finish_with(std::optional<UpstreamAnswer> answer, TimePoint now);
  void count_losses(TimePoint now);
  std::string failure_text(TimePoint now) const;

  const ForwardQuestion question_;
  const Purpose purpose_;
  boost::container::small_vector<Candidate, 3> candidates_;
  std::size_t configured_ = 0;  // number of upstreams, including skipped loops
  RandomOctets& random_;
  UpstreamAnswerReader& reader_;
  Finished finished_;
  TimePoint started_{};
  TimePoint next_look_{};  // when to check the attempts again
  TimePoint due_{};
  std::size_t last_ = 0;      // candidate asked last
  std::size_t attempts_ = 0;  // total of all candidates
  std::optional<UpstreamAnswer> in_hand_;
  bool is_finished_ = false;
  bool is_late_ = false;
};

using FetchPtr = boost::intrusive_ptr<Fetch>;

}  // namespace canopy
