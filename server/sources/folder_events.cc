#include "server/sources/folder_events.h"

#include <sys/inotify.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>

namespace canopy {
namespace {

constexpr std::chrono::milliseconds kSettle{50};
// The default of kube-dns's --config-period.
constexpr std::chrono::milliseconds kAnyway{10'000};

}  // namespace

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, std::max<std::size_t>(slash, 1));
}

FolderEvents::FolderEvents(boost::asio::io_context& io,
                           std::vector<std::string> paths,
                           std::function<void()> on_event)
    : paths_(std::move(paths)),
      on_event_(std::move(on_event)),
      inotify_(io),
      timer_(io) {
  const int inotify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify >= 0) {
    inotify_.assign(inotify);
    watch_paths();
    read();
  }
  call_after(kAnyway);
}

// Called repeatedly, because the file or folder at a path may have been
// replaced.  Watching the same one again has no effect.
void FolderEvents::watch_paths() {
  if (!inotify_.is_open()) return;
  for (const std::string& path : paths_) {
    ::inotify_add_watch(inotify_.native_handle(), path.c_str(),
                        IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO |
                            IN_MOVED_FROM | IN_DELETE | IN_ATTRIB);
  }
}

void FolderEvents::read() {
  inotify_.async_read_some(
      boost::asio::buffer(events_),
      [this](const boost::system::error_code& error, std::size_t) {
        if (error) return;
        call_after(kSettle);
        read();
      });
}

void FolderEvents::call_after(std::chrono::milliseconds delay) {
  timer_.expires_after(delay);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    call_after(kAnyway);  // first: on_event_ may throw
    watch_paths();
    on_event_();
  });
}

}  // namespace canopy
