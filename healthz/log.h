// Log lines on stderr, each with time (UTC) and level.
//
// Thread rule: every function may be called from any thread.  After
// start_log_thread() no function waits for the reader of stderr: lines go
// through a bounded queue (log_queue.h).  Before that, and in tests, a line is
// written before the call returns.  The data path does not log, except for
// --log-queries; it uses counters (see metrics.h).
#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace canopy {

namespace log_detail {
// The only logger.  It never throws; lines to a closed stderr are lost.
spdlog::logger& logger();
// Writes one line.  Line breaks and control characters in the text are escaped,
// so that external text cannot forge a log line.  Text of more than 2 KiB is
// cut and ends in "...".
void write(spdlog::level::level_enum level, const std::string& text);

template <typename... Args>
void log(spdlog::level::level_enum level,
         spdlog::format_string_t<Args...> format, Args&&... args) {
  if (!logger().should_log(level)) return;
  write(level, fmt::format(format, std::forward<Args>(args)...));
}
}  // namespace log_detail

// Sets the minimum level: "debug", "info", "warning" or "error".  Returns false
// and changes nothing for another name.
bool set_log_level(std::string_view name);

// From now on a separate thread writes the lines.  Call once.
void start_log_thread();
// Waits until all lines so far are written, but at most `time`.  Call before
// the process exits.
void flush_log(std::chrono::milliseconds time);
// Lines lost because the queue was full or stderr is closed.
std::uint64_t dropped_log_lines();

// Prints a line without time and level, after all earlier lines.  For the
// reason why the start failed.
void print_error(std::string_view text);

template <typename... Args>
void log_debug(spdlog::format_string_t<Args...> format, Args&&... args) {
  log_detail::log<Args...>(spdlog::level::debug, format,
                           std::forward<Args>(args)...);
}

template <typename... Args>
void log_info(spdlog::format_string_t<Args...> format, Args&&... args) {
  log_detail::log<Args...>(spdlog::level::info, format,
                           std::forward<Args>(args)...);
}

template <typename... Args>
void log_warning(spdlog::format_string_t<Args...> format, Args&&... args) {
  log_detail::log<Args...>(spdlog::level::warn, format,
                           std::forward<Args>(args)...);
}

template <typename... Args>
void log_error(spdlog::format_string_t<Args...> format, Args&&... args) {
  log_detail::log<Args...>(spdlog::level::err, format,
                           std::forward<Args>(args)...);
}

}  // namespace canopy
