#include "server/forward/upstream_health.h"

#include <algorithm>

#include "healthz/log.h"
#include "server/forward/forward_timing.h"
#include "server/net/address.h"

namespace canopy {
namespace {

using std::chrono::milliseconds;

double seconds_between(TimePoint then, TimePoint now) {
  return std::chrono::duration<double>(now - then).count();
}

}  // namespace

std::string UpstreamHealth::subject() const {
  if (domain_.view().label_count() == 0) return to_text(endpoint_);
  return to_text(endpoint_) + " (for " + domain_.to_text() + ")";
}

void UpstreamHealth::Schedule::start(TimePoint now) {
  after = kFirstProbe;
  at = now + after;
}

bool UpstreamHealth::Schedule::take(TimePoint now) {
  if (now < at) return false;
  after = std::min<milliseconds>(2 * after, kLastProbe);
  at = now + after;
  return true;
}

void UpstreamHealth::note_refusal(TimePoint now) {
  note_heard(now);
  if (!is_doubted_.load(std::memory_order_relaxed)) return;
  {
    // An upstream that refuses names that others answer proves nothing by
    // refusing again.
    const std::lock_guard lock(mutex_);
    if (failure_ == Failure::kRefusal) return;
  }
  recover(now);
}

void UpstreamHealth::note_failure(TimePoint now, Failure failure,
                                  const std::string& why) {
  const std::lock_guard lock(mutex_);
  is_doubted_.store(true, std::memory_order_relaxed);
  failed_since_check_ = true;
  failure_ = failure;
  why_ = why;
  if (++failures_ == 1) failing_since_ = now;
  judge(now);
}

void UpstreamHealth::judge(TimePoint now) {
  if (state() != State::kUp || failures_ == 0 || !shows_down(now)) return;
  is_surely_silent_ = failure_ == Failure::kError ||
                      (failure_ == Failure::kSilence &&
                       answers_checks_.load(std::memory_order_relaxed));
  change(State::kDown, now);
  if (say_ == SayChanges::kNo) return;
  log_warning(
      "upstream {} is down: it {} ({} failures in {:.1f} s).  Using the other "
      "upstreams, if any; probing it periodically.",
      subject(), why_, failures_ + checks_failed_,
      seconds_between(failing_since_, now));
}

bool UpstreamHealth::shows_down(TimePoint now) const {
  switch (failure_) {
    case Failure::kSilence:
      // One dropped check proves nothing if the upstream drops all checks.
      return checks_failed_ >= kChecksToDown &&
             (answers_checks_.load(std::memory_order_relaxed) ||
              now - heard_.load(std::memory_order_relaxed) >= kAnswersCount);
    case Failure::kError:
      return checks_failed_ > 0 && failures_ >= kFailuresToDown;
    case Failure::kRefusal:
      return failures_ >= kFailuresToDown &&
             (check_refused_ || now - failing_since_ >= kRefusalsToDown);
  }
  return false;
}

void UpstreamHealth::recover(TimePoint now) {
  const std::lock_guard lock(mutex_);
  // The upstream answers clients' names, so test again whether it answers
  // checks.
  if (checks_failed_ > 0 && answers_checks_.exchange(false)) {
    routine_checks_.at = now;
  }
  forget_failures(now);
}

void UpstreamHealth::forget_failures(TimePoint now) {
  is_doubted_.store(false, std::memory_order_relaxed);
  failure_ = Failure::kSilence;
  failures_ = 0;
  checks_failed_ = 0;
  if (state() != State::kDown) return;
  const double away = seconds_between(failing_since_, now);
  change(State::kUp, now);
  if (say_ == SayChanges::kNo) return;
  log_info("upstream {} is up again, after {:.1f} s", subject(), away);
}

bool UpstreamHealth::take_check(TimePoint now) {
  if (!is_doubted_.load(std::memory_order_relaxed) || !is_up()) return false;
  const std::lock_guard lock(mutex_);
  if (!is_up() || failures_ == 0 || failure_ == Failure::kRefusal) return false;
  if (checks_failed_ >= kChecksToDown && !failed_since_check_) return false;
  return start_check(now);
}

bool UpstreamHealth::take_routine_check(TimePoint now) {
  const auto is_needless = [&] {
    return state() == State::kLoop ||
           (is_up() && answers_checks_.load(std::memory_order_relaxed));
  };
  if (is_needless()) return false;
  const std::lock_guard lock(mutex_);
  return !is_needless() && now >= routine_checks_.at && start_check(now);
}

bool UpstreamHealth::start_check(TimePoint now) {
  if (now < check_at_) return false;
  check_at_ = now + kCheckWait;
  if (is_up()) routine_checks_.after = kLastProbe;
  routine_checks_.take(now);
  failed_since_check_ = false;
  probes_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void UpstreamHealth::note_check_answered(TimePoint now, Rcode rcode) {
  note_heard(now);
  const std::lock_guard lock(mutex_);
  answers_checks_.store(true, std::memory_order_relaxed);
  check_refused_ = rcode != Rcode::kNoError && rcode != Rcode::kNxDomain;
  checks_failed_ = 0;
  // An answered check does not disprove refusals of clients' names.
  if (failures_ > 0 && failure_ == Failure::kRefusal) return;
  forget_failures(now);
}

void UpstreamHealth::note_check_failed(TimePoint now, Failure failure) {
  const std::lock_guard lock(mutex_);
  is_doubted_.store(true, std::memory_order_relaxed);
  failed_checks_.fetch_add(1, std::memory_order_relaxed);
  ++checks_failed_;
  if (state() != State::kDown) return judge(now);
  is_surely_silent_ |= failure == Failure::kError;
  if (is_surely_silent_) {
    silent_until_.store(now + kCheckCounts, std::memory_order_relaxed);
  }
}

bool UpstreamHealth::take_probe(TimePoint now) {
  if (state() != State::kDown) return false;
  const std::lock_guard lock(mutex_);
  if (state() != State::kDown || !probes_at_.take(now)) return false;
  probes_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void UpstreamHealth::note_edns_not_taken(TimePoint now) {
  if (!edns_.note_not_taken(now) || say_ == SayChanges::kNo) return;
  log_info(
      "upstream {} does not support EDNS: querying it without, so without "
      "DNSSEC records, and trying EDNS again every {} s",
      subject(), kLeaveOut.count() / 1000);
}

void UpstreamHealth::note_case_not_taken(TimePoint now) {
  if (random_case_.note_not_taken(now)) say_case_lost();
}

void UpstreamHealth::note_case_lost(TimePoint now) {
  if (random_case_.note_refused(now)) say_case_lost();
}

void UpstreamHealth::say_case_lost() const {
  if (say_ == SayChanges::kNo) return;
  log_info(
      "upstream {} does not preserve query-name case (0x20): falling back to "
      "ID and port checks for spoofing protection",
      subject());
}

bool UpstreamHealth::take_loop_check(TimePoint now) {
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

void UpstreamHealth::note_loop(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (state() == State::kLoop) return;
  change(State::kLoop, now);
  if (say_ == SayChanges::kNo) return;
  log_error(
      "upstream {} is a loop: it forwards our queries back to this server.  "
      "Not using it until the loop ends; set other servers with --nameservers "
      "or --config-dir",
      subject());
}

void UpstreamHealth::note_no_loop(TimePoint now) {
  if (state() != State::kLoop) return;
  const std::lock_guard lock(mutex_);
  if (state() != State::kLoop) return;
  const double away = seconds_between(changed_, now);
  failures_ = 0;
  checks_failed_ = 0;
  change(State::kUp, now);
  if (say_ == SayChanges::kNo) return;
  log_info("upstream {} no longer loops, after {:.1f} s", subject(), away);
}

void UpstreamHealth::change(State state, TimePoint now) {
  state_.store(state, std::memory_order_relaxed);
  changes_.fetch_add(1, std::memory_order_relaxed);
  changed_ = now;
  const bool is_silent = state == State::kDown && is_surely_silent_;
  silent_until_.store(is_silent ? now + kCheckCounts : TimePoint(),
                      std::memory_order_relaxed);
  probes_at_.start(now);
  routine_checks_.start(now);
  if (state == State::kUp) routine_checks_.at = now;
  loop_check_at_ = state == State::kLoop ? now + kLoopCheckPeriod : now;
}

}  // namespace canopy
