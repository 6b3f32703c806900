#include "kubewatch/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace canopy::kube {

namespace {

// Not IN_MODIFY: a file is read when its writer has closed it.
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
                                  IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                  IN_DELETE_SELF | IN_MOVE_SELF;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

FolderWatch::FolderWatch()
    : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wake_ < 0) fail("eventfd");
  // Without inotify (its limits are small) the time-out has to do.
}

FolderWatch::~FolderWatch() {
  if (inotify_ >= 0) ::close(inotify_);
  ::close(wake_);
}

bool FolderWatch::watch_only(const std::set<std::filesystem::path>& folders) {
  if (inotify_ < 0) return false;
  std::set<int> now;
  bool is_new = false;
  for (const auto& folder : folders) {
    // A path may lead to another folder than last time: ask always.
    const int wd = ::inotify_add_watch(inotify_, folder.c_str(), kEvents);
    if (wd < 0) continue;
    now.insert(wd);
    is_new = is_new || watched_.count(wd) == 0;
  }
  for (const int wd : watched_) {
    if (now.count(wd) == 0) ::inotify_rm_watch(inotify_, wd);
  }
  watched_ = std::move(now);
  return is_new;
}

FolderWatch::Why FolderWatch::wait(std::chrono::milliseconds timeout) {
  pollfd fds[] = {{wake_, POLLIN, 0}, {inotify_, POLLIN, 0}};
  const int ready =
      ::poll(fds, inotify_ < 0 ? 1 : 2,
             static_cast<int>(std::max<std::int64_t>(0, timeout.count())));
  if (ready <= 0) return Why::kTimeout;
  if (fds[0].revents != 0) {
    std::uint64_t count;
    while (::read(wake_, &count, sizeof count) > 0) {
    }
    return Why::kWoken;
  }
  drain();
  return Why::kChange;
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

void FolderWatch::drain() {
  alignas(inotify_event) char buffer[16 << 10];
  while (::read(inotify_, buffer, sizeof buffer) > 0) {
  }
}

}  // namespace canopy::kube
