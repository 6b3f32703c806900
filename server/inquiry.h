// One question on its way to upstreams, for all who wait for it: whom to ask
// next, when, and what to hand out.  On the thread of the forwarder that owns
// it.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <functional>
#include <optional>

#include "cache/cache_key.h"
#include "server/forward_question.h"
#include "server/forwarder.h"
#include "server/inquiry_waiters.h"
#include "server/random_octets.h"
#include "server/recycled.h"
#include "server/upstream_server.h"

namespace canopy {

// An inquiry's place in the DueWheel.
using DueHook = boost::intrusive::list_base_hook<
    boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Inquiry
    : public boost::intrusive_ref_counter<Inquiry,
                                          boost::thread_unsafe_counter>,
      public DueHook,
      public Recycled<Inquiry> {
 public:
  // As ForwardOutcome, with the answer as the upstream sent it.
  struct Outcome {
    // The upstream's whole message, in the spelling it was asked in; empty when
    // none answered.
    Octets message{};
    std::string failure{};
    std::chrono::nanoseconds waited{0};
    bool is_late = false;
  };
  // Called once with the outcome, unless abandoned; perhaps once before with
  // one that is late.
  using Finished = std::function<void(Inquiry&, const Outcome&)>;

  enum class Purpose : std::uint8_t {
    kClients,
    kProbe,        // nobody waits: each server is asked once, to see how it is
    kLoopCheck,    // likewise, about a name that shows when it comes back
    kHealthCheck,  // likewise: any response shows that the one server is there
  };

  Inquiry(ForwardQuestion question, Purpose purpose, RandomOctets& random,
          Finished finished)
      : question_(std::move(question)),
        purpose_(purpose),
        random_(random),
        finished_(std::move(finished)) {}

  // In the order to ask them; at least one before the start.  It outlives this.
  // It is the `number`th of `count` in the configuration: what clients are told
  // of it.
  void add(UpstreamServer& server, std::size_t number, std::size_t count) {
    candidates_.push_back({.server = &server, .number = number});
    configured_ = count;
  }
  // One that clients are told nothing of.
  void add(UpstreamServer& server) { add(server, 1, 1); }

  const ForwardQuestion& question() const { return question_; }
  Purpose purpose() const { return purpose_; }
  bool has_candidates() const { return !candidates_.empty(); }

  void start(TimePoint now);
  // When to call on_due() next.
  TimePoint due() const { return due_; }
  void on_due(TimePoint now);
  // Answers that come are of no interest any more.
  void abandon() { is_finished_ = true; }
  bool is_finished() const { return is_finished_; }

  // For the forwarder.
  std::optional<CacheKey> key;  // of kClients: what others may join it by
  InquiryWaiters waiters;
  // What waiters are told that join from now on; null while it is not late.
  SharedOutcome late;

 private:
  enum class State : std::uint8_t { kNotAsked, kWaiting, kFailed, kRefused };
  struct Candidate {
    UpstreamServer* server = nullptr;
    std::size_t number = 1;
    State state = State::kNotAsked;
    WithEdns edns = WithEdns::kYes;
    Transport transport = Transport::kUdp;
    bool tried_tcp = false;
    bool is_disputed = false;   // an answer over UDP had another spelling
    bool counted_late = false;  // this asking is known to take too long
    bool was_up = false;        // when it was asked first
    bool was_lost = false;      // an asking was late, or came to nothing
    std::uint8_t askings = 0;
    Rcode refusal = Rcode::kNoError;  // of kRefused
    const char* failure = "timed out";
  };

  void ask(std::size_t index, TimePoint now);
  // How a question went out.
  struct Asking {
    std::size_t index = 0;
    TimePoint time{};
    Spelling spelling = 0;
    Transport transport = Transport::kUdp;
  };
  // What a channel tells of it.
  class Asker;
  void on_result(const Asking& asking, const CaresChannel::Result& result);
  // False when the answer is not to be believed; once, it is asked for again
  // over TCP.
  bool has_right_spelling(const Asking& asking, TimePoint now,
                          std::span<const std::uint8_t> message);
  void on_loop_check(TimePoint now, const CaresChannel::Result& result);
  void on_health_check(TimePoint now, const CaresChannel::Result& result);
  void on_failure(const Asking& asking, TimePoint now,
                  const CaresChannel::Result& result);
  void on_refusal(std::size_t index, TimePoint now,
                  std::span<const std::uint8_t> message);
  // After a failure: at once the next that was not asked, or the end.
  void go_on(TimePoint now);
  // Nothing when all were asked.
  Candidate* not_asked();
  // Nothing when all were asked often enough, or refused.
  Candidate* worth_asking_again();
  // It does not answer there.
  static void give_up_tcp(Candidate& candidate);
  void ask(const Candidate& candidate, TimePoint now) {
    ask(static_cast<std::size_t>(&candidate - candidates_.data()), now);
  }
  bool all_are_loops() const;
  void count_late(TimePoint now);
  void look(TimePoint now);
  void set_next_look(TimePoint now);
  void set_due();
  void become_late(TimePoint now);
  void finish(TimePoint now);
  void finish_with(std::span<const std::uint8_t> message, TimePoint now);
  void count_losses(TimePoint now);
  std::string failure_text(TimePoint now) const;

  const ForwardQuestion question_;
  const Purpose purpose_;
  boost::container::small_vector<Candidate, 3> candidates_;
  std::size_t configured_ = 0;  // upstreams, those left out as loops too
  RandomOctets& random_;
  Finished finished_;
  TimePoint started_{};
  TimePoint next_look_{};  // at those that were asked
  TimePoint due_{};
  std::size_t last_ = 0;     // asked last
  std::size_t askings_ = 0;  // of all
  Octets refusal_;           // the first
  bool is_finished_ = false;
  bool is_late_ = false;
};

using InquiryPtr = boost::intrusive_ptr<Inquiry>;

}  // namespace canopy
