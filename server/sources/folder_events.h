// Calls back when something in a folder, or a file, may have changed: by
// inotify, soon after the last event of a burst, and every few seconds whatever
// happens, for file systems and mounts that tell nothing.  A ConfigMap's update
// is a rename of ..data in the folder, which is an event like others.  A file
// is watched with its folder: it may be replaced, or mounted over the folder's.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <vector>

namespace canopy {

class FolderEvents {
 public:
  // `on_event` runs on the io_context's thread, often with nothing changed.
  FolderEvents(boost::asio::io_context& io, std::vector<std::string> paths,
               std::function<void()> on_event);

 private:
  void watch_paths();
  void read();
  void call_after(std::chrono::milliseconds delay);

  const std::vector<std::string> paths_;
  const std::function<void()> on_event_;
  boost::asio::posix::stream_descriptor inotify_;
  boost::asio::steady_timer timer_;
  std::array<char, 4096> events_{};
};

}  // namespace canopy
