// How one upstream is doing for the names of one domain, as all workers know
// it: up, down, or a loop that leads back to us.  Each change is logged once.
//
// An upstream is judged by whether it answers anything.  A client chooses the
// name, and a name may be dead: so questions that fail only raise doubt, and
// health checks, `<domain> NS`, decide (forward_timing.h has the numbers).
//
// Any thread; an answer costs a few loads.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "server/forward/optional_part.h"
#include "server/net/address.h"
#include "server/plan/query_case.h"
#include "zones/name.h"
#include "zones/rr_types.h"
#include "zones/time_point.h"

namespace canopy {

// kNo also disables loop detection.
enum class SayChanges : std::uint8_t { kYes, kNo };

class UpstreamHealth {
 public:
  enum class State : std::uint8_t { kUp, kDown, kLoop };

  // `domain` is the stub domain's, or the root.
  UpstreamHealth(const Name& domain, const SocketAddress& endpoint,
                 SayChanges say, QueryCase query_case)
      : domain_(domain),
        endpoint_(endpoint),
        say_(say),
        wants_random_case_(
            asks_in_random_case(query_case, domain, endpoint.address())) {}

  const Name& domain() const { return domain_; }
  const SocketAddress& endpoint() const { return endpoint_; }
  State state() const { return state_.load(std::memory_order_relaxed); }
  bool is_up() const { return state() == State::kUp; }

  enum class Failure : std::uint8_t {
    kSilence,  // may still answer, if late
    kError,    // unreachable, or its answers are none
    kRefusal,  // it failed where another upstream answered
  };
  // It answered a client's question well.
  void note_answer(TimePoint now) {
    note_heard(now);
    if (is_doubted_.load(std::memory_order_relaxed)) recover(now);
  }
  // It answered a client's question with a refusal: so it is there.  Says
  // nothing of an upstream that is doubted for its refusals.
  void note_refusal(TimePoint now);
  // A client's question failed.  `why` completes "10.0.0.1:53 ".
  void note_failure(TimePoint now, Failure failure, const std::string& why);

  // True for one caller, when a copy of a client's question should find out
  // whether an upstream that is down is back.
  bool take_probe(TimePoint now);

  // True while the upstream is known to answer nothing: it is down, and a
  // health check failed of late.  False while it is down because it drops
  // health checks, and no client asked for anything else.
  bool answers_nothing(TimePoint now) const {
    return now < silent_until_.load(std::memory_order_relaxed);
  }

  // --- health checks ---
  // True for one caller when one should be sent: the upstream is up, and a
  // client's question failed.
  bool take_check(TimePoint now);
  // Likewise when the upstream is about to be used and it is not known whether
  // it answers health checks, or it is down.
  bool take_routine_check(TimePoint now);
  // Any response counts, whatever its rcode.
  void note_check_answered(TimePoint now, Rcode rcode);
  // kSilence: not within kCheckWait; it may still be answered.
  void note_check_failed(TimePoint now, Failure failure);

  // --- parts of questions that it may not take ---
  // EDNS.
  bool takes_edns(TimePoint now) { return edns_.is_used(now); }
  bool took_edns() const { return edns_.is_proven(); }
  void note_edns_taken() { edns_.note_taken(); }
  // A question failed with EDNS and was answered without.
  void note_edns_not_taken(TimePoint now);

  // Random case: whether the next question has it, by --query-case and by what
  // is known of the upstream.
  bool takes_random_case(TimePoint now) {
    return wants_random_case_ && random_case_.is_used(now);
  }
  // An answer repeated the question's case.
  void note_case_kept() { random_case_.note_taken(); }
  // A question failed in random case and was answered in the client's case;
  // or an answer over UDP was spelled otherwise, by the upstream or a forger,
  // and none came over TCP.
  void note_case_not_taken(TimePoint now);
  // An answer over TCP was spelled otherwise.
  void note_case_lost(TimePoint now);

  // --- loops ---
  // True for one caller when it should be seen whether questions come back:
  // before the first use, while it is silent, and while it does loop.
  bool take_loop_check(TimePoint now);
  // Our own question came back to us, or did not although it was answered.
  void note_loop(TimePoint now);
  void note_no_loop(TimePoint now);

  // Counted since the start.
  std::uint64_t changes() const { return changes_; }
  std::uint64_t probes() const { return probes_; }

 private:
  static constexpr std::chrono::seconds kHeardAgain{1};

  // When to do again what is done ever more rarely while an upstream is down.
  struct Schedule {
    TimePoint at{};
    std::chrono::milliseconds after{0};

    void start(TimePoint now);
    bool take(TimePoint now);  // false before its time
  };

  void say_case_lost() const;
  // It was heard.  Stored about once a second, for all workers share the line.
  void note_heard(TimePoint now) {
    if (now - heard_.load(std::memory_order_relaxed) > kHeardAgain) {
      heard_.store(now, std::memory_order_relaxed);
    }
  }
  void recover(TimePoint now);

  // REQUIRES: the mutex is held.
  void forget_failures(TimePoint now);
  void judge(TimePoint now);
  bool shows_down(TimePoint now) const;
  bool start_check(TimePoint now);
  void change(State state, TimePoint now);
  // "10.0.0.1:53" or "10.0.0.1:53 (for corp.example)".
  std::string subject() const;

  const Name domain_;
  const SocketAddress endpoint_;
  const SayChanges say_;
  const bool wants_random_case_;

  std::atomic<State> state_{State::kUp};
  // Questions or checks failed, and nothing was answered since.
  std::atomic<bool> is_doubted_{false};
  // The last health check that was given time was answered.
  std::atomic<bool> answers_checks_{false};
  std::atomic<TimePoint> heard_{TimePoint()};
  std::atomic<TimePoint> silent_until_{TimePoint()};
  std::atomic<std::uint64_t> changes_{0};
  std::atomic<std::uint64_t> probes_{0};
  OptionalPart edns_;
  OptionalPart random_case_;

  // Below: under the mutex, which nothing takes while all is well.
  std::mutex mutex_;
  Failure failure_ = Failure::kSilence;  // the last
  std::string why_;                      // of the last
  int failures_ = 0;                     // of clients' questions, in a row
  int checks_failed_ = 0;                // in a row
  bool failed_since_check_ = false;      // a client's question
  bool check_refused_ = false;           // the last that was answered
  bool is_surely_silent_ = false;        // of one that is down
  TimePoint failing_since_{};
  TimePoint changed_{};
  TimePoint check_at_{};  // not before
  Schedule routine_checks_;
  Schedule probes_at_;
  TimePoint loop_check_at_{};
  std::atomic<bool> loop_checked_{false};
};

}  // namespace canopy
