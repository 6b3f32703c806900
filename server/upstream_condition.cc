#include "server/upstream_condition.h"

#include <algorithm>

#include "healthz/log.h"
#include "server/endpoint_text.h"
#include "server/forward_timing.h"

namespace canopy {
namespace {

using std::chrono::milliseconds;

double seconds_between(TimePoint then, TimePoint now) {
  return std::chrono::duration<double>(now - then).count();
}

}  // namespace

std::string UpstreamCondition::subject() const {
  if (domain_.view().label_count() == 0) return to_text(endpoint_);
  return to_text(endpoint_) + " (for " + domain_.to_text() + ")";
}

void UpstreamCondition::note_refusal(TimePoint now) {
  if (failures_.load(std::memory_order_relaxed) == 0) return;
  {
    // One that fails where others do not proves nothing by failing again.
    const std::lock_guard lock(mutex_);
    if (failure_ == Failure::kRefusal) return;
  }
  recover(now);
}

void UpstreamCondition::note_failure(TimePoint now, Failure failure,
                                     const std::string& why) {
  const std::lock_guard lock(mutex_);
  const int failures = failures_.load(std::memory_order_relaxed) + 1;
  failures_.store(failures, std::memory_order_relaxed);
  failure_ = failure;
  if (failures == 1) failing_since_ = now;
  if (state() != State::kUp || failures < kFailuresToDown) return;
  if (failure == Failure::kSilence && now - failing_since_ < kSilenceToDown) {
    return;
  }
  change(State::kDown, now);
  if (say_ == SayChanges::kNo) return;
  log_warning(
      "upstream {} is down: it {}, the last of {} failures in {:.1f} s; others "
      "are asked in its place, and it now and then",
      subject(), why, failures, seconds_between(failing_since_, now));
}

void UpstreamCondition::recover(TimePoint now) {
  const std::lock_guard lock(mutex_);
  failures_.store(0, std::memory_order_relaxed);
  if (state() != State::kDown) return;
  const double away = seconds_between(failing_since_, now);
  change(State::kUp, now);
  if (say_ == SayChanges::kNo) return;
  log_info("upstream {} answers again, after {:.1f} s", subject(), away);
}

bool UpstreamCondition::take_probe(TimePoint now) {
  if (state() != State::kDown) return false;
  const std::lock_guard lock(mutex_);
  if (state() != State::kDown || now < probe_at_) return false;
  put_off_probe(now);
  return true;
}

void UpstreamCondition::trust_spelling() {
  int doubts = spelling_doubts_.load(std::memory_order_relaxed);
  while (doubts < kSpellingDoubts &&
         !spelling_doubts_.compare_exchange_weak(doubts, 0)) {
  }
}

void UpstreamCondition::note_spelling_doubt() {
  if (spelling_doubts_.fetch_add(1) == kSpellingDoubts - 1) say_spelling_lost();
}

void UpstreamCondition::note_spelling_lost() {
  if (spelling_doubts_.exchange(kSpellingDoubts) < kSpellingDoubts) {
    say_spelling_lost();
  }
}

void UpstreamCondition::say_spelling_lost() const {
  if (say_ == SayChanges::kNo) return;
  log_info(
      "upstream {} does not repeat the spelling of questions: its answers are "
      "told from forged ones by id and port alone",
      subject());
}

bool UpstreamCondition::take_loop_check(TimePoint now) {
  if (say_ == SayChanges::kNo) return false;
  if (loop_checked_.load(std::memory_order_relaxed) && is_up()) return false;
  const std::lock_guard lock(mutex_);
  const bool may_loop =
      state() == State::kLoop ||
      (state() == State::kDown && failure_ == Failure::kSilence) ||
      !loop_checked_.load(std::memory_order_relaxed);
  if (!may_loop || now < loop_check_at_) return false;
  loop_checked_.store(true, std::memory_order_relaxed);
  loop_check_at_ = now + kLoopCheckPeriod;
  if (!is_up()) probes_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void UpstreamCondition::note_loop(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (state() == State::kLoop) return;
  change(State::kLoop, now);
  if (say_ == SayChanges::kNo) return;
  log_error(
      "upstream {} is a loop: what we ask it comes back to us; it is left out "
      "until that ends; name other servers with --nameservers or --config-dir",
      subject());
}

void UpstreamCondition::note_no_loop(TimePoint now) {
  if (state() != State::kLoop) return;
  const std::lock_guard lock(mutex_);
  if (state() != State::kLoop) return;
  const double away = seconds_between(changed_, now);
  failures_.store(0, std::memory_order_relaxed);
  change(State::kUp, now);
  if (say_ == SayChanges::kNo) return;
  log_info("upstream {} is no loop any more, after {:.1f} s", subject(), away);
}

void UpstreamCondition::change(State state, TimePoint now) {
  state_.store(state, std::memory_order_relaxed);
  changes_.fetch_add(1, std::memory_order_relaxed);
  changed_ = now;
  probe_after_ = kFirstProbe;
  probe_at_ = now + probe_after_;
  loop_check_at_ = state == State::kLoop ? now + kLoopCheckPeriod : now;
}

void UpstreamCondition::put_off_probe(TimePoint now) {
  probes_.fetch_add(1, std::memory_order_relaxed);
  probe_after_ = std::min<milliseconds>(2 * probe_after_, kLastProbe);
  probe_at_ = now + probe_after_;
}

}  // namespace canopy
