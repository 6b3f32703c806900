#include "healthz/log_queue.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace canopy {
namespace {

// Only the main thread receives signals.  A lost reader is an error of write().
void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

struct LogQueue::State {
  State(int to, DroppedLine make)
      : descriptor(to), dropped_line(std::move(make)) {}

  const int descriptor;
  const DroppedLine dropped_line;
  std::mutex mutex;  // guards the rest
  std::condition_variable wake;
  std::condition_variable settled;
  std::string waiting;
  std::uint64_t waiting_lines = 0;
  std::uint64_t unsaid = 0;  // dropped but not yet reported
  std::uint64_t dropped = 0;
  bool is_writing = false;
  bool is_closing = false;

  bool has_work() const { return !waiting.empty() || unsaid > 0; }
};

LogQueue::LogQueue(int descriptor, DroppedLine dropped_line)
    : state_(std::make_shared<State>(descriptor, std::move(dropped_line))) {
  // Detached, because a write may block forever and the process must be able to
  // exit.
  std::thread([state = state_] {
    block_all_signals();
    pthread_setname_np(pthread_self(), "canopy-log");
    run(*state);
  }).detach();
}

LogQueue::~LogQueue() {
  const std::lock_guard lock(state_->mutex);
  state_->is_closing = true;
  state_->wake.notify_one();
}

void LogQueue::add(std::string_view line) {
  const std::lock_guard lock(state_->mutex);
  const bool was_idle = !state_->has_work() && !state_->is_writing;
  if (state_->unsaid > 0 ||
      state_->waiting.size() + line.size() > kMaxWaiting) {
    ++state_->dropped;
    ++state_->unsaid;
  } else {
    state_->waiting += line;
    ++state_->waiting_lines;
  }
  if (was_idle) state_->wake.notify_one();
}

bool LogQueue::flush(std::chrono::milliseconds time) {
  std::unique_lock lock(state_->mutex);
  return state_->settled.wait_for(lock, time, [this] {
    return !state_->has_work() && !state_->is_writing;
  });
}

std::uint64_t LogQueue::dropped() const {
  const std::lock_guard lock(state_->mutex);
  return state_->dropped;
}

// Takes all waiting lines at once, so that a burst needs few writes.
void LogQueue::run(State& state) {
  std::string lines;
  std::unique_lock lock(state.mutex);
  for (;;) {
    state.wake.wait(lock, [&] { return state.is_closing || state.has_work(); });
    if (!state.has_work()) return;
    lines.clear();
    lines.swap(state.waiting);
    const std::uint64_t count = std::exchange(state.waiting_lines, 0);
    const std::uint64_t unsaid = std::exchange(state.unsaid, 0);
    state.is_writing = true;
    lock.unlock();
    if (unsaid > 0) lines += state.dropped_line(unsaid);
    const bool written = write_all(state.descriptor, lines);
    lock.lock();
    state.is_writing = false;
    if (!written) state.dropped += count;
    if (!state.has_work()) state.settled.notify_all();
  }
}

bool write_all(int descriptor, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t size = ::write(descriptor, octets.data(), octets.size());
    if (size >= 0) {
      octets.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      // Another process may share the descriptor and have made it non-blocking.
      pollfd ready{descriptor, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace canopy
