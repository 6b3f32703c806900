#include "healthz/log.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>

#include "healthz/log_queue.h"

namespace canopy {
namespace {

using Level = spdlog::level::level_enum;
using Message = spdlog::details::log_msg;

constexpr std::size_t kMaxText = 2048;  // octets of a line without its head

// Writes lines to standard error, directly or through a queue.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void print(std::string_view line) {
    const std::lock_guard lock(mutex_);
    send(line);
  }

  void start_thread() {
    const std::lock_guard lock(mutex_);
    if (queue_) return;
    queue_.emplace(STDERR_FILENO,
                   [this](std::uint64_t lines) { return dropped_line(lines); });
  }

  // Null before start_thread().
  LogQueue* queue() {
    const std::lock_guard lock(mutex_);
    return queue_ ? &*queue_ : nullptr;
  }

 protected:
  void sink_it_(const Message& message) override { send(text_of(message)); }
  void flush_() override {}

 private:
  std::string text_of(const Message& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    return {line.data(), line.size()};
  }

  std::string dropped_line(std::uint64_t lines) {
    const std::string text = fmt::format(
        "{} log lines were dropped: stderr was not read in time", lines);
    const std::lock_guard lock(mutex_);
    return text_of(Message({}, Level::warn, text));
  }

  void send(std::string_view line) {
    if (queue_) return queue_->add(line);
    write_all(STDERR_FILENO, line);
  }

  std::optional<LogQueue> queue_;
};

// Never destroyed, because threads may still log while the process exits.
const std::shared_ptr<StderrSink>& sink() {
  static auto* const kept =
      new std::shared_ptr<StderrSink>(std::make_shared<StderrSink>());
  return *kept;
}

std::shared_ptr<spdlog::logger> make_logger() {
  auto made = std::make_shared<spdlog::logger>("canopydns", sink());
  made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
  made->set_level(spdlog::level::info);
  made->set_error_handler([](const std::string&) {});
  return made;
}

bool breaks_a_line(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool goes_on_a_character(char c) {  // in UTF-8
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(std::min(text.size(), kMaxText + 8));
  for (const char c : text) {
    const bool may_end = !goes_on_a_character(c) || line.size() > kMaxText + 3;
    if (line.size() >= kMaxText && may_end) return line + "...";
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

void start_log_thread() {
  log_detail::logger();  // sets the formatter
  sink()->start_thread();
}

void flush_log(std::chrono::milliseconds time) {
  if (LogQueue* const queue = sink()->queue()) queue->flush(time);
}

std::uint64_t dropped_log_lines() {
  const LogQueue* const queue = sink()->queue();
  return queue == nullptr ? 0 : queue->dropped();
}

void print_error(std::string_view text) {
  sink()->print(one_line(text) + "\n");
}

}  // namespace canopy
