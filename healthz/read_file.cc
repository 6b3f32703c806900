#include "healthz/read_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace canopy {
namespace {

constexpr std::size_t kPiece = 64 << 10;

// "" for a regular file.
std::string fault_of_mode(mode_t mode) {
  if (S_ISREG(mode)) return {};
  if (S_ISDIR(mode)) return "is a folder, not a file";
  if (S_ISFIFO(mode)) return "is a FIFO or pipe, not a file";
  if (S_ISSOCK(mode)) return "is a socket, not a file";
  return "is a device, not a file";
}

OpenedFile failed(int error) {
  return {nullptr, std::string("cannot be read: ") + std::strerror(error),
          error == ENOENT || error == ENOTDIR};
}

std::string too_large(std::size_t limit) {
  const bool is_whole = limit % (1 << 20) == 0;
  return "is larger than " + std::to_string(limit >> (is_whole ? 20 : 10)) +
         (is_whole ? " MiB" : " KiB");
}

std::string fault_of(const struct stat& status, std::size_t limit) {
  std::string fault = fault_of_mode(status.st_mode);
  if (!fault.empty()) return fault;
  const bool fits = static_cast<std::uintmax_t>(status.st_size) <= limit;
  return fits ? std::string() : too_large(limit);
}

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kLongestPause{10};
constexpr std::chrono::seconds kLongestPipe{60};

// The descriptor that a path below /dev refers to, or -1.  Copying the
// descriptor needs no permission; opening the path again may.
int named_descriptor(std::string_view path) {
  if (path == "/dev/stdin") return STDIN_FILENO;
  constexpr std::string_view kFolder = "/dev/fd/";
  if (!path.starts_with(kFolder)) return -1;
  path.remove_prefix(kFolder.size());
  int number = -1;
  const char* const end = path.data() + path.size();
  const auto read = std::from_chars(path.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? number : -1;
}

FilePtr open_pipe(const std::string& path) {
  const int known = named_descriptor(path);
  const int file =
      known >= 0 ? ::fcntl(known, F_DUPFD_CLOEXEC, 0)
                 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  return FilePtr(file < 0 ? nullptr : ::fdopen(file, "rb"));
}

// True when the pipe becomes readable before `end`.
bool await_octets(int pipe, Clock::time_point end) {
  pollfd fds{pipe, POLLIN, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      std::min(end - Clock::now(), Clock::duration(kLongestPause)));
  return ::poll(&fds, 1,
                static_cast<int>(std::max<std::int64_t>(0, left.count()))) > 0;
}

}  // namespace

OpenedFile open_file(const std::string& path, std::size_t limit) {
  // Checked before opening, which has effects on a device, and again after
  // opening, because the path may have changed.
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return failed(errno);
  std::string fault = fault_of_mode(status.st_mode);
  if (!fault.empty()) return {nullptr, fault, false};
  const int file =
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return failed(errno);
  if (::fstat(file, &status) == 0) fault = fault_of(status, limit);
  OpenedFile opened;
  if (fault.empty()) opened.file.reset(::fdopen(file, "rb"));
  if (opened.file) return opened;
  if (fault.empty()) opened = failed(errno);
  if (!fault.empty()) opened.fault = fault;
  ::close(file);
  return opened;
}

FileText read_file(const std::string& path, std::size_t limit) {
  OpenedFile opened = open_file(path, limit);
  if (!opened.file) return {{}, std::move(opened.fault), opened.missing};
  std::FILE* const file = opened.file.get();
  std::string text;
  // Files in /proc do not have a known size, and other files may grow.
  while (text.size() <= limit) {
    const std::size_t before = text.size();
    text.resize(before + std::min(kPiece, limit + 1 - before));
    const std::size_t size =
        std::fread(text.data() + before, 1, text.size() - before, file);
    text.resize(before + size);
    if (size == 0) break;
  }
  if (std::ferror(file) != 0) return {{}, failed(errno).fault, false};
  if (text.size() > limit) {
    return {{}, too_large(limit), false};
  }
  return {std::move(text), {}, false};
}

bool is_pipe(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

FileText read_pipe(const std::string& path, std::size_t limit) {
  const FilePtr opened = open_pipe(path);
  if (!opened) return {{}, failed(errno).fault, false};
  const int pipe = ::fileno(opened.get());
  const auto end = Clock::now() + kLongestPipe;
  std::string text;
  while (text.size() <= limit) {
    if (!await_octets(pipe, end)) {
      return {{}, "is a FIFO or pipe, and its writer sends nothing", false};
    }
    const std::size_t before = text.size();
    text.resize(before + kPiece);
    const ssize_t size = ::read(pipe, text.data() + before, kPiece);
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(0, size)));
    if (size == 0) return {std::move(text), {}, false};
    if (size < 0 && errno != EAGAIN && errno != EINTR) {
      return {{}, failed(errno).fault, false};
    }
  }
  return {{}, too_large(limit), false};
}

std::string kernel_text(const std::string& path) {
  constexpr std::size_t kMax = 1 << 20;  // /proc/stat of a large machine
  return read_file(path, kMax).text;
}

std::string fault_of_kind(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return fault_of_mode(status.st_mode);
}

}  // namespace canopy
