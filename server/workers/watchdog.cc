#include "server/workers/watchdog.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "healthz/guarded.h"
#include "healthz/log.h"

namespace canopy {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kLongestStep{1'000};
// How long to wait for the last log line if no one reads stderr.
constexpr milliseconds kFlush{1'000};

// Returns a tenth of the limit, at most kLongestStep.
milliseconds step_for(milliseconds limit) {
  if (limit == limit.zero()) return kLongestStep;
  return std::min(kLongestStep, limit / 10);
}

}  // namespace

Watchdog::Watchdog(milliseconds limit, Workers& workers, End end)
    : limit_(limit),
      step_(step_for(limit)),
      workers_(workers),
      end_(std::move(end)),
      loops_(workers.size(), {.limit = limit, .step = step_}),
      turns_(workers.size()) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::start() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    turns_[i] = workers_.worker(i).turns();
    workers_.worker(i).ask_to_turn();
  }
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "canopy-watchdog");
    guarded("watchdog", [this] { run(); });
  });
}

void Watchdog::rest() {
  const std::lock_guard lock(mutex_);
  resting_ = true;
}

void Watchdog::end_within(milliseconds time) {
  const std::lock_guard lock(mutex_);
  left_ = time;
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  auto last = Clock::now();
  while (!wake_.wait_for(lock, step_, [this] { return over_; })) {
    const auto now = Clock::now();
    const auto why = look(now - std::exchange(last, now));
    if (why) return end_(*why);
  }
}

// REQUIRES: mutex_ is held.
std::optional<std::string> Watchdog::look(nanoseconds slept) {
  if (left_) {
    *left_ -= std::min<nanoseconds>(slept, step_);
    if (*left_ > left_->zero()) return std::nullopt;
    return "the process did not stop in time: exiting with code 1";
  }
  if (resting_ || limit_ == limit_.zero()) return std::nullopt;
  return look_at_workers(slept);
}

std::optional<std::string> Watchdog::look_at_workers(nanoseconds slept) {
  loops_.sleep_ended(slept);
  for (std::size_t i = 0; i < turns_.size(); ++i) {
    Worker& worker = workers_.worker(i);
    const std::uint64_t turns = worker.turns();
    if (turns == turns_[i]) continue;
    turns_[i] = turns;
    loops_.turned(i);
    worker.ask_to_turn();
  }
  const auto stuck = loops_.overdue();
  if (!stuck) return std::nullopt;
  return fmt::format(
      "worker {} (thread {}) has hung for {} s (--watchdog): exiting with code "
      "1, to be restarted",
      *stuck + 1, workers_.worker(*stuck).thread_id(),
      std::chrono::duration<double>(limit_).count());
}

// Does not use abort(), because the exit code must be 1, and writing a core of
// the whole cache may take too long.
void Watchdog::exit(const std::string& why) {
  log_error("{}", why);
  flush_log(kFlush);
  _exit(1);
}

}  // namespace canopy
