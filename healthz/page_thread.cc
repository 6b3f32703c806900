#include "healthz/page_thread.h"

#include <pthread.h>

#include <utility>

namespace canopy {

PageThread::PageThread()
    : thread_([this] {
        pthread_setname_np(pthread_self(), "canopy-pages");
        work();
      }) {}

void PageThread::run(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void PageThread::end() {
  // Destroyed after the unlock, because a job's destructor may call run().
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    dropped.swap(jobs_);
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void PageThread::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return over_ || !jobs_.empty(); });
    if (over_) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // its destructor may call run()
    lock.lock();
  }
}

}  // namespace canopy
