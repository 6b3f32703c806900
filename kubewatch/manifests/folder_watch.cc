#include "kubewatch/manifests/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace canopy::kube {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE |
                                  IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::chrono::minutes kLongestWrite{10};
// The most files tracked as being written.  Any others are read as they are.
constexpr std::size_t kMaxWrites = 4096;
// The most reads in a row, because events may arrive without end.
constexpr int kMaxReads = 64;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

FolderWatch::FolderWatch()
    : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wake_ < 0) fail("eventfd");
  // Without inotify, whose limits are small, changes are found at the next
  // timeout.
}

FolderWatch::~FolderWatch() {
  if (inotify_ >= 0) ::close(inotify_);
  ::close(wake_);
}

bool FolderWatch::watch_only(const std::set<std::filesystem::path>& folders) {
  if (inotify_ < 0) return false;
  std::map<int, std::filesystem::path> now;
  bool is_new = false;
  for (const auto& folder : folders) {
    // Always ask: a path may lead to a different folder than last time.
    const int wd = ::inotify_add_watch(inotify_, folder.c_str(), kEvents);
    if (wd < 0) continue;
    now.emplace(wd, folder);
    is_new = is_new || watched_.count(wd) == 0;
  }
  for (const auto& [wd, folder] : watched_) {
    if (now.count(wd) == 0) ::inotify_rm_watch(inotify_, wd);
  }
  watched_ = std::move(now);
  std::erase_if(writes_, [&](const auto& write) {
    return watched_.count(write.first.first) == 0;
  });
  return is_new;
}

bool FolderWatch::is_being_written(const FileId& file) {
  is_changed_ = drain() || is_changed_;
  const auto now = Clock::now();
  return std::any_of(writes_.begin(), writes_.end(), [&](const auto& write) {
    return write.second.file == file && now - write.second.last < kLongestWrite;
  });
}

FolderWatch::Why FolderWatch::wait(std::chrono::milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  if (std::exchange(is_changed_, false)) return Why::kChange;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    pollfd fds[] = {{wake_, POLLIN, 0}, {inotify_, POLLIN, 0}};
    const int ready =
        ::poll(fds, inotify_ < 0 ? 1 : 2,
               static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready <= 0) return Why::kTimeout;
    if (fds[0].revents != 0) {
      std::uint64_t count;
      while (::read(wake_, &count, sizeof count) > 0) {
      }
      return Why::kWoken;
    }
    if (drain()) return Why::kChange;
    if (left.count() <= 0) return Why::kTimeout;
  }
}

void FolderWatch::settle(std::chrono::milliseconds quiet,
                         std::chrono::milliseconds longest) {
  const auto end = std::chrono::steady_clock::now() + longest;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    pollfd fds[] = {{inotify_, POLLIN, 0}};
    const auto pause = std::min(quiet, left);
    if (::poll(fds, 1, static_cast<int>(pause.count())) <= 0) return;
    drain();
  }
}

void FolderWatch::wake() {
  const std::uint64_t one = 1;
  while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

bool FolderWatch::drain() {
  alignas(inotify_event) char buffer[16 << 10];
  bool is_change = false;
  for (int i = 0; i < kMaxReads; ++i) {
    const ssize_t size = ::read(inotify_, buffer, sizeof buffer);
    if (size <= 0) break;
    for (const char* at = buffer; at < buffer + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      is_change = take(*event) || is_change;
      at += sizeof(inotify_event) + event->len;
    }
  }
  return is_change;
}

bool FolderWatch::take(const inotify_event& event) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    writes_.clear();  // close events were lost
    return true;
  }
  const std::string name = event.len == 0 ? "" : event.name;
  if ((event.mask & IN_MODIFY) != 0) {
    note_write(event.wd, name);
    return false;
  }
  if ((event.mask & IN_ATTRIB) == 0) writes_.erase({event.wd, name});
  return true;
}

void FolderWatch::note_write(int folder, const std::string& name) {
  const auto known = writes_.find({folder, name});
  if (known != writes_.end()) {
    known->second.last = Clock::now();
    return;
  }
  const auto path = watched_.find(folder);
  if (path == watched_.end() || writes_.size() == kMaxWrites) return;
  struct stat info {};
  if (::stat((path->second / name).c_str(), &info) != 0) return;
  writes_[{folder, name}] = {{info.st_dev, info.st_ino}, Clock::now()};
}

}  // namespace canopy::kube
