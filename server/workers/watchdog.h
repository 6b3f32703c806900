// Ends the process, with a log line and exit code 1, when a worker's loop does
// not turn for --watchdog.  Kubernetes then starts a new process, which helps
// whatever blocked the worker.  Also limits how long the process takes to stop,
// because a hanging worker would block that forever.
//
// The watchdog posts a task to each loop that counts one turn.  The watchdog
// posts the next task only after the last one ran, so at most one waits in each
// loop.
//
// Thread rule: the main thread creates, starts and destroys the watchdog, and
// calls rest() and end_within().  The checks run on a thread of their own.
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
  // Ends the process; returns in tests only.
  using End = std::function<void(const std::string& why)>;

  // `limit` 0: workers are not watched.  `workers` must outlive this.
  Watchdog(std::chrono::milliseconds limit, Workers& workers,
           End end = &Watchdog::exit);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Call after the workers have started.
  void start();
  // Stops watching workers while the process drains.  A drain has a time limit,
  // and workers that do not hang still answer.
  void rest();
  // Ends the process unless the watchdog is destroyed within `time`.
  void end_within(std::chrono::milliseconds time);

 private:
  [[noreturn]] static void exit(const std::string& why);

  void run();
  // Checks the workers.  Returns the reason to end the process, if there is
  // one.
  std::optional<std::string> look(std::chrono::nanoseconds slept);
  std::optional<std::string> look_at_workers(std::chrono::nanoseconds slept);

  const std::chrono::milliseconds limit_;
  const std::chrono::milliseconds step_;
  Workers& workers_;
  const End end_;
  // Used by the watchdog's thread only.
  StuckLoops loops_;
  std::vector<std::uint64_t> turns_;  // of each worker at the last check

  std::mutex mutex_;  // guards the fields below
  std::condition_variable wake_;
  bool over_ = false;
  bool resting_ = false;
  std::optional<std::chrono::nanoseconds> left_;  // time until the process ends
  std::thread thread_;
};

}  // namespace canopy
