// A queue of log lines for a descriptor that may block: a full pipe, or a
// stopped terminal.  The queue's own thread writes the lines, and only that
// thread blocks.
//
// Bound: kMaxWaiting octets wait, and as many are being written.  A line that
// does not fit is dropped and counted.  Further lines are dropped until there
// is room for all of them; then one line reports their number.
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

  // The caller keeps `descriptor`, which must stay open.
  LogQueue(int descriptor, DroppedLine dropped_line);
  // Waiting lines are still written if possible, but the destructor does not
  // wait for that.
  ~LogQueue();
  LogQueue(const LogQueue&) = delete;
  LogQueue& operator=(const LogQueue&) = delete;

  // Adds a line, which includes its line break.  Never blocks on the
  // descriptor.
  void add(std::string_view line);
  // Waits until all added lines are written, but at most `time`.  False on a
  // timeout.
  bool flush(std::chrono::milliseconds time);
  // Lines that were dropped or could not be written.
  std::uint64_t dropped() const;

 private:
  struct State;
  static void run(State& state);

  // Shared with the thread, which may block beyond the lifetime of this object.
  const std::shared_ptr<State> state_;
};

// Writes all octets, without a time limit.  False when writing fails.
bool write_all(int descriptor, std::string_view octets);

}  // namespace canopy
