// Ends the process, with a log line and exit code 1, when a worker's loop does
// not turn for --watchdog: whatever holds the worker, a new process is the way
// out, and Kubernetes starts one.  It also bounds how long the process takes to
// stop, which a worker that hangs would otherwise hold up for ever.
//
// A loop is asked to count a turn, and asked again once it did: at most one
// such question waits in each.
//
// Thread rule: made, started and destroyed by the main thread, which also calls
// rest() and end_within(); it looks on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/workers/stuck_loops.h"
#include "server/workers/workers.h"

namespace canopy {

class Watchdog {
 public:
  // Ends the process; may return in tests only.
  using End = std::function<void(const std::string& why)>;

  // `limit` 0: workers are not watched.  `workers` must outlive this.
  Watchdog(std::chrono::milliseconds limit, Workers& workers,
           End end = &Watchdog::exit);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // After the workers started.
  void start();
  // Watches workers no longer: the process drains, for a bounded time, and
  // workers that turn still answer.
  void rest();
  // Ends the process unless this is destroyed within `time`.
  void end_within(std::chrono::milliseconds time);

 private:
  [[noreturn]] static void exit(const std::string& why);

  void run();
  // One look at the workers; the reason to end the process, if there is one.
  std::optional<std::string> look(std::chrono::nanoseconds slept);
  std::optional<std::string> look_at_workers(std::chrono::nanoseconds slept);

  const std::chrono::milliseconds limit_;
  const std::chrono::milliseconds step_;
  Workers& workers_;
  const End end_;
  // Of the thread.
  StuckLoops loops_;
  std::vector<std::uint64_t> turns_;  // of each worker, when last asked

  std::mutex mutex_;  // guards those below
  std::condition_variable wake_;
  bool over_ = false;
  bool resting_ = false;
  std::optional<std::chrono::nanoseconds> left_;  // until the end
  std::thread thread_;
};

}  // namespace canopy
