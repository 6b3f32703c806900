// The thread that makes pages, so that no page, however large, delays a health
// answer.
//
// Thread rule: any thread may call run(); one thread calls the rest.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace canopy {

class PageThread {
 public:
  PageThread();
  ~PageThread() { end(); }
  PageThread(const PageThread&) = delete;
  PageThread& operator=(const PageThread&) = delete;

  // Queues `job` after the waiting jobs; the callers (SharedPage, PageStream)
  // bound their number.  `job` must not throw.  Does nothing after end().
  void run(std::function<void()> job);
  // Waits for the running job; queued ones are dropped.
  void end();

 private:
  void work();

  std::mutex mutex_;  // guards the members below
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace canopy
