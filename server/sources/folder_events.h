// Calls back when something in a folder, or a file, may have changed.  Uses
// inotify and waits for the end of a burst of events.  Also calls back every
// few seconds, because some file systems and mounts report no events.  A
// ConfigMap's update is a rename of ..data in the folder, which inotify
// reports.  To watch a file, pass its folder too: inotify reports a
// rename that replaces the file as an event of the folder.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <vector>

namespace canopy {

// The folder that contains the file at `path`.
std::string folder_of(const std::string& path);

class FolderEvents {
 public:
  // `on_event` runs on the io_context's thread, often when nothing has changed.
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
