// One query to upstreams, shared by all who wait for its answer: chooses the
// next upstream, when to retry, and the outcome.  On the thread of the
// forwarder that owns it.
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

// The upstream refused or failed; another one may answer.
bool is_refusal(Rcode rcode);
// A refusal that says that the question is at fault, not the name.
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
    // Of kLoopCheck: the upstream answered.
    bool was_answered = false;
  };
  // Called once with the outcome, unless abandoned; perhaps once before with
  // one that is late.
  using Finished = std::function<void(Fetch&, Outcome&)>;

  enum class Purpose : std::uint8_t {
    kClients,
    kProbe,        // nobody waits: each server is asked once, to see how it is
    kLoopCheck,    // likewise, about a name that shows when it comes back
    kHealthCheck,  // likewise: any response shows that the one server is there
  };

  // `random` and `reader` outlive this.
  Fetch(ForwardQuestion question, Purpose purpose, RandomOctets& random,
        UpstreamAnswerReader& reader, Finished finished)
      : question_(std::move(question)),
        purpose_(purpose),
        random_(random),
        reader_(reader),
        finished_(std::move(finished)) {}

  // Adds a server; the first one added is asked first.  At least one before
  // start().  `server` must outlive this.  `number` of `count` is its place in
  // the configuration, for error texts.
  void add(UpstreamServer& server, std::size_t number, std::size_t count) {
    // Our own questions need neither EDNS nor random case, and any upstream
    // takes them without.
    const bool is_plain =
        purpose_ == Purpose::kLoopCheck || purpose_ == Purpose::kHealthCheck;
    candidates_.push_back({.server = &server,
                           .number = number,
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
  // What comes from now on is only counted.
  void abandon() { is_finished_ = true; }
  bool is_finished() const { return is_finished_; }

  // For the forwarder.
  std::optional<CacheKey> key;  // of kClients: what others may join it by
  FetchTickets waiters;
  // What waiters are told that join from now on; null while it is not late.
  SharedOutcome late;

 private:
  enum class State : std::uint8_t {
    kNotAsked,
    kWaiting,
    kBad,  // a bad answer came; the right one may still come
    kFailed,
    kRefused,
  };
  // How a question went out.
  struct Attempt {
    std::size_t index = 0;
    int number = 0;  // of the candidate's attempts, from 1
    TimePoint time{};
    CaseBits case_bits = 0;
    WithEdns edns = WithEdns::kYes;
    Transport transport = Transport::kUdp;
  };
  struct Candidate {
    UpstreamServer* server = nullptr;
    std::size_t number = 1;
    State state = State::kNotAsked;
    // Of the next attempt.
    Transport transport = Transport::kUdp;
    bool own_case = false;  // the client's case
    bool without_edns = false;
    bool can_be_plainer = false;  // it refused; the next attempt has less in it
    bool is_disputed = false;     // an answer over UDP had another case
    bool has_truncated = false;   // its answer is in hand; TCP has the rest
    bool counted_late = false;    // this attempt is known to take too long
    bool was_up = false;          // when it was asked first
    bool was_lost = false;        // an attempt was late, or came to nothing
    int attempts = 0;
    int tcp_attempts = 0;
    Rcode refusal = Rcode::kNoError;  // of kRefused
    const char* failure = "timed out";
    Attempt last{};
    // Over UDP: the last that was refused, or not answered in time.
    std::optional<Attempt> failed{};
  };

  void ask(std::size_t index, TimePoint now);
  void ask(const Candidate& candidate, TimePoint now) {
    ask(static_cast<std::size_t>(&candidate - candidates_.data()), now);
  }

  // --- what comes (fetch_messages.cc, fetch_faults.cc) ---
  class Receiver;
  // True: this ends the attempt.
  bool on_message(const Attempt& attempt,
                  std::span<const std::uint8_t> message);
  void on_failure(const Attempt& attempt, UpstreamChannel::Failure failure);
  bool on_loop_check(TimePoint now, std::span<const std::uint8_t> message);
  bool on_health_check(TimePoint now, std::span<const std::uint8_t> message);
  // False when the answer is not to be believed; once, it is asked for again
  // over TCP.
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
  void on_tcp_failure(const Attempt& attempt, TimePoint now);
  void on_udp_failure(const Attempt& attempt, TimePoint now,
                      UpstreamChannel::Failure failure);
  void end_own_question(UpstreamChannel::Failure failure);
  // Leaves out of the next attempt what the upstream may not take.  False when
  // nothing is left to leave out.
  bool make_plainer(Candidate& candidate, const Attempt& attempt, Rcode rcode);
  // Notes whether the upstream supports EDNS and preserves case, as this answer
  // shows.
  void learn(const Attempt& attempt, TimePoint now,
             std::span<const std::uint8_t> message);
  // The best there is, should no answer come: truncated ones before refusals.
  void hold(std::optional<UpstreamAnswer> answer);

  // --- whom to ask next, and when (fetch.cc) ---
  // After a failure: at once the next that was not asked, or the end.
  void go_on(TimePoint now);
  // Nothing when all were asked.
  Candidate* not_asked();
  // Nothing when all were asked often enough, or refused.
  Candidate* worth_asking_again();
  // One that refused, and was not asked in the plainest form.
  Candidate* worth_asking_plainer(TimePoint now);
  void ask_again(Candidate& candidate, TimePoint now);
  // It does not answer there.
  void give_up_tcp(Candidate& candidate, TimePoint now);
  // A truncated answer is in hand, and TCP takes too long.  True while it is
  // still waited for.
  bool waits_for_tcp(Candidate& candidate, TimePoint now);
  bool any_is(State state) const;
  // No more answers are expected, except late ones.
  bool is_hopeless() const {
    return !any_is(State::kWaiting) && !any_is(State::kNotAsked);
  }
  bool all_are_loops() const;
  void count_late(TimePoint now);
  void look(TimePoint now);
  // Asks the next upstream, if there is one to ask.  False when there is
  // nothing left to wait for.
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
  std::size_t configured_ = 0;  // upstreams, those left out as loops too
  RandomOctets& random_;
  UpstreamAnswerReader& reader_;
  Finished finished_;
  TimePoint started_{};
  TimePoint next_look_{};  // at those that were asked
  TimePoint due_{};
  std::size_t last_ = 0;      // asked last
  std::size_t attempts_ = 0;  // of all
  std::optional<UpstreamAnswer> in_hand_;
  bool is_finished_ = false;
  bool is_late_ = false;
};

using FetchPtr = boost::intrusive_ptr<Fetch>;

}  // namespace canopy
