// Log lines: one line each on stderr, with time (UTC) and level.
//
// Thread rule: every function may be called from any thread.  After
// start_log_thread() none of them waits for who reads stderr: lines go through
// a bounded queue (log_queue.h).  Before that, and in tests, a line is written
// when the call returns.  Nothing on the data path logs; it counts (see
// metrics.h), but for --log-queries.
#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace canopy {

namespace log_detail {
// The one logger.  It never throws: a closed stderr loses the line.
spdlog::logger& logger();
// Writes one line; line breaks and control bytes in the text are escaped, so
// that a value from outside cannot forge a line of its own.  Text of more than
// 2 KiB is cut, and ends in "...".
void write(spdlog::level::level_enum level, const std::string& text);

template <typename... Args>
void log(spdlog::level::level_enum level,
         spdlog::format_string_t<Args...> format, Args&&... args) {
  if (!logger().should_log(level)) return;
  write(level, fmt::format(format, std::forward<Args>(args)...));
}
}  // namespace log_detail

// "debug", "info", "warning" or "error": lines below it are not written.
// False, and nothing changes, when the name is none of these.
bool set_log_level(std::string_view name);

// From here on lines are written by a thread of their own.  Once.
void start_log_thread();
// Waits until the lines so far are written, at most `time`: the process may
// end then.
void flush_log(std::chrono::milliseconds time);
// Lines that nobody will read: there was no room for them, or stderr is closed.
std::uint64_t dropped_log_lines();

// Prints a line without time and level, after all earlier lines: why the start
// failed.
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
