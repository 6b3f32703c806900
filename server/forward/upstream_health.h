// The health of one upstream for the names of one domain, shared by all
// workers: up, down, or a loop that leads back to us.  Each change is logged
// once.
//
// An upstream is judged by whether it answers anything.  Clients choose the
// names, and a name may be dead.  So failed queries only raise doubt, and
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

  // `domain` is the stub domain or the root.
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
    kSilence,  // a late answer may still come
    kError,    // unreachable, or sends bad messages
    kRefusal,  // failed a query that another upstream answered
  };
  // The upstream answered a client's query without an error.
  void note_answer(TimePoint now) {
    note_heard(now);
    if (is_doubted_.load(std::memory_order_relaxed)) recover(now);
  }
  // The upstream answered a client's query with a refusal, so it is reachable.
  // Changes nothing while the upstream is doubted for its refusals.
  void note_refusal(TimePoint now);
  // A client's query failed.  `why` completes "10.0.0.1:53 ".
  void note_failure(TimePoint now, Failure failure, const std::string& why);

  // True for one caller when a copy of a client's query should test whether an
  // upstream that is down is back.
  bool take_probe(TimePoint now);

  // True while the upstream is down and a recent health check failed.  False
  // while it is down only because it drops health checks and no client sent it
  // other queries.
  bool answers_nothing(TimePoint now) const {
    return now < silent_until_.load(std::memory_order_relaxed);
  }

  // --- health checks ---
  // True for one caller when a check should be sent: the upstream is up and a
  // client's query failed.
  bool take_check(TimePoint now);
  // True for one caller when a check should be sent before the upstream is
  // used: it is down, or it is not known to answer health checks.
  bool take_routine_check(TimePoint now);
  // Any response counts, whatever its rcode.
  void note_check_answered(TimePoint now, Rcode rcode);
  // kSilence: no answer within kCheckWait; a late one may still come.
  void note_check_failed(TimePoint now, Failure failure);

  // --- EDNS and random case, which the upstream may not support ---
  bool takes_edns(TimePoint now) { return edns_.is_used(now); }
  bool took_edns() const { return edns_.is_proven(); }
  void note_edns_taken() { edns_.note_taken(); }
  // A query failed with EDNS and was answered without it.
  void note_edns_not_taken(TimePoint now);

  // True when the next query should use random case, by --query-case and by the
  // upstream's answers so far.
  bool takes_random_case(TimePoint now) {
    return wants_random_case_ && random_case_.is_used(now);
  }
  // An answer repeated the case of the query's name.
  void note_case_kept() { random_case_.note_taken(); }
  // A query failed in random case and was answered in the client's case.  Or an
  // answer over UDP, perhaps spoofed, had another case, and none came over TCP.
  void note_case_not_taken(TimePoint now);
  // An answer over TCP had another case.
  void note_case_lost(TimePoint now);

  // --- loops ---
  // True for one caller when a loop check should be sent: before the first use,
  // while the upstream is silent, and while it is a loop.
  bool take_loop_check(TimePoint now);
  // Our loop check came back to us, or was answered without coming back.
  void note_loop(TimePoint now);
  void note_no_loop(TimePoint now);

  // Counted since the start.
  std::uint64_t changes() const { return changes_; }
  std::uint64_t probes() const { return probes_; }
  std::uint64_t failed_checks() const { return failed_checks_; }

 private:
  static constexpr std::chrono::seconds kHeardAgain{1};

  // Times of repeated tests while an upstream is down; the period grows.
  struct Schedule {
    TimePoint at{};
    std::chrono::milliseconds after{0};

    void start(TimePoint now);
    bool take(TimePoint now);  // false: not yet due
  };

  void say_case_lost() const;
  // The upstream sent something.  Stored about once a second, because all
  // workers share the cache line.
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
  // True when queries or checks failed and nothing was answered since.
  std::atomic<bool> is_doubted_{false};
  // True when the upstream answered the last completed health check.
  std::atomic<bool> answers_checks_{false};
  std::atomic<TimePoint> heard_{TimePoint()};
  std::atomic<TimePoint> silent_until_{TimePoint()};
  std::atomic<std::uint64_t> changes_{0};
  std::atomic<std::uint64_t> probes_{0};
  std::atomic<std::uint64_t> failed_checks_{0};
  OptionalPart edns_;
  OptionalPart random_case_;

  // The fields below are guarded by the mutex.  No thread takes it while the
  // upstream works.
  std::mutex mutex_;
  Failure failure_ = Failure::kSilence;  // the latest
  std::string why_;                      // text of the latest failure
  int failures_ = 0;                     // clients' queries, in a row
  int checks_failed_ = 0;                // in a row
  bool failed_since_check_ = false;      // a client's query failed
  bool check_refused_ = false;           // the last answered check
  bool is_surely_silent_ = false;        // while down: it answers nothing
  TimePoint failing_since_{};
  TimePoint changed_{};
  TimePoint check_at_{};  // earliest time
  Schedule routine_checks_;
  Schedule probes_at_;
  TimePoint loop_check_at_{};
  std::atomic<bool> loop_checked_{false};
};

}  // namespace canopy
