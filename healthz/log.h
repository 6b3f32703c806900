// Log lines: one line each on stderr, with time (UTC) and level.
//
// Thread rule: every function may be called from any thread.  Nothing on the
// data path logs; it counts (see metrics.h).
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>
#include <utility>

namespace canopy {

namespace log_detail {
// The one logger.  It never throws: a full or closed stderr loses the line.
spdlog::logger& logger();
// Writes one line; line breaks and control bytes in the text are escaped, so
// that a value from outside cannot forge a line of its own.
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
