// Waits for something to happen in folders: inotify, with a way to be woken.
// It says that something happened, not what; who waits looks again.
//
// Threads: wake() from any; the rest from one at a time.
#pragma once

#include <chrono>
#include <filesystem>
#include <set>

namespace canopy::kube {

class FolderWatch {
 public:
  FolderWatch();  // throws std::system_error
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Watches these and no others; those that cannot be are left out.  True
  // when a folder (not: a path of it) was not watched before.
  bool watch_only(const std::set<std::filesystem::path>& folders);

  enum class Why { kChange, kWoken, kTimeout };
  Why wait(std::chrono::milliseconds timeout);
  // Waits until nothing has happened for `quiet`, or `longest` is over.
  void settle(std::chrono::milliseconds quiet,
              std::chrono::milliseconds longest);
  void wake();

 private:
  void drain();

  int inotify_ = -1;
  int wake_ = -1;
  std::set<int> watched_;
};

}  // namespace canopy::kube
