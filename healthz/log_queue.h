// Log lines on their way to a descriptor that nobody may be reading: a pipe
// that is full, a terminal that was stopped.  A thread of the queue's own
// writes them, and only that thread blocks.
//
// Bound: kMaxWaiting octets wait, and as many again are being written.  A line
// that does not fit is dropped and counted, and so are those after it until
// there is room for all; then one line says how many.
//
// Thread rule: every function may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace canopy {

class LogQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 1 << 20;

  // Makes the log line that reports `lines` dropped lines.
  using DroppedLine = std::function<std::string(std::uint64_t lines)>;

  // `descriptor` stays the caller's, and must stay open.
  LogQueue(int descriptor, DroppedLine dropped_line);
  // What waits is still written, if it can be.  Does not wait for that.
  ~LogQueue();
  LogQueue(const LogQueue&) = delete;
  LogQueue& operator=(const LogQueue&) = delete;

  // Takes a line, with its line break.  Never blocks on the descriptor.
  void add(std::string_view line);
  // Waits until all that was added is written, at most `time`.  False when it
  // is not.
  bool flush(std::chrono::milliseconds time);
  // Lines that were dropped, or could not be written.
  std::uint64_t dropped() const;

 private:
  struct State;
  static void run(State& state);

  // The thread's too: it may be blocked for longer than this lives.
  const std::shared_ptr<State> state_;
};

// Writes all of it, waiting as long as it takes.  False when it cannot be.
bool write_all(int descriptor, std::string_view octets);

}  // namespace canopy
