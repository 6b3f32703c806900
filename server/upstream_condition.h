// How one upstream is doing for the names of one domain, as all workers know
// it: up, down, or a loop that leads back to us.  Each change is logged once.
// Any thread; an answer costs a load or two.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "server/option_values.h"
#include "server/reply.h"
#include "zones/name.h"

namespace canopy {

// Whoever says nothing does not look for loops either.
enum class SayChanges : std::uint8_t { kYes, kNo };

class UpstreamCondition {
 public:
  enum class State : std::uint8_t { kUp, kDown, kLoop };

  // `domain` is the stub domain's, or the root.
  UpstreamCondition(const Name& domain, const Endpoint& endpoint,
                    SayChanges say)
      : domain_(domain), endpoint_(endpoint), say_(say) {}

  const Name& domain() const { return domain_; }
  const Endpoint& endpoint() const { return endpoint_; }
  State state() const { return state_.load(std::memory_order_relaxed); }
  bool is_up() const { return state() == State::kUp; }

  enum class Failure : std::uint8_t {
    kSilence,  // may still answer, if late
    kError,    // unreachable, or its answers are none
    kRefusal,  // it failed where another upstream answered
  };
  // It answered a question well.
  void note_answer(TimePoint now) {
    if (failures_.load(std::memory_order_relaxed) != 0) recover(now);
  }
  // It said no where others did not say better.
  void note_refusal(TimePoint now);
  // `why` completes "10.0.0.1:53 ".
  void note_failure(TimePoint now, Failure failure, const std::string& why);

  // True for one caller, when the time has come to find out whether an
  // upstream that is down is back.
  bool take_probe(TimePoint now);

  // --- the spelling of questions ---
  // Whether its answers repeat the question as it was spelled, as far as is
  // known.  Said once when they do not.
  bool keeps_spelling() const {
    return spelling_doubts_.load(std::memory_order_relaxed) < kSpellingDoubts;
  }
  void note_spelling_kept() {
    if (spelling_doubts_.load(std::memory_order_relaxed) != 0) trust_spelling();
  }
  // An answer over UDP was spelled otherwise, by the upstream or an attacker,
  // and none came over TCP.
  void note_spelling_doubt();
  // An answer over TCP was spelled otherwise.
  void note_spelling_lost();

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
  // Of one that kept it before; of another, the first is enough.
  static constexpr int kSpellingDoubts = 3;

  void trust_spelling();
  void say_spelling_lost() const;
  void recover(TimePoint now);
  void change(State state, TimePoint now);
  void put_off_probe(TimePoint now);
  // "10.0.0.1:53" or "10.0.0.1:53 (for corp.example)".
  std::string subject() const;

  const Name domain_;
  const Endpoint endpoint_;
  const SayChanges say_;

  std::atomic<State> state_{State::kUp};
  std::atomic<int> failures_{0};  // without an answer between them
  std::atomic<std::uint64_t> changes_{0};
  std::atomic<std::uint64_t> probes_{0};
  // Since it last kept one.
  std::atomic<int> spelling_doubts_{kSpellingDoubts - 1};

  // Below: under the mutex, which nothing takes while all is well.
  std::mutex mutex_;
  Failure failure_ = Failure::kSilence;  // the last
  TimePoint failing_since_{};
  TimePoint changed_{};
  TimePoint probe_at_{};
  std::chrono::milliseconds probe_after_{0};
  TimePoint loop_check_at_{};
  std::atomic<bool> loop_checked_{false};
};

}  // namespace canopy
