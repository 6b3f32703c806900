#include "healthz/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <iterator>
#include <memory>

namespace canopy {
namespace {

using Level = spdlog::level::level_enum;

std::shared_ptr<spdlog::logger> make_logger() {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto made = std::make_shared<spdlog::logger>("canopydns", std::move(sink));
  made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
  made->set_level(spdlog::level::info);
  made->flush_on(spdlog::level::debug);
  made->set_error_handler([](const std::string&) {});
  return made;
}

bool breaks_a_line(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::string one_line(const std::string& text) {
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    if (!breaks_a_line(c)) {
      line += c;
      continue;
    }
    fmt::format_to(std::back_inserter(line), "\\x{:02x}",
                   static_cast<unsigned char>(c));
  }
  return line;
}

struct NamedLevel {
  std::string_view name;
  Level level;
};

constexpr std::array<NamedLevel, 4> kLevels{{{"debug", Level::debug},
                                             {"info", Level::info},
                                             {"warning", Level::warn},
                                             {"error", Level::err}}};

}  // namespace

spdlog::logger& log_detail::logger() {
  // Never destroyed: threads may still log while the process leaves.
  static auto* const kept = new std::shared_ptr<spdlog::logger>(make_logger());
  return **kept;
}

void log_detail::write(Level level, const std::string& text) {
  logger().log(level, one_line(text));
}

bool set_log_level(std::string_view name) {
  for (const NamedLevel& known : kLevels) {
    if (known.name != name) continue;
    log_detail::logger().set_level(known.level);
    return true;
  }
  return false;
}

}  // namespace canopy
