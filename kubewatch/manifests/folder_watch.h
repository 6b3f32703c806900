// Waits for changes in folders, using inotify; can be woken.  Reports only that
// something changed, so the caller must look again.  A write counts as a change
// only when the writer has closed the file.
//
// Threads: wake() from any; the rest from one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>

struct inotify_event;

namespace canopy::kube {

class FolderWatch {
 public:
  FolderWatch();  // throws std::system_error
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Watches exactly `folders`, except those that cannot be watched.  True when
  // a folder (not just another path to it) was not watched before.
  bool watch_only(const std::set<std::filesystem::path>& folders);

  // Identifies a file independently of its name.
  struct FileId {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const FileId&, const FileId&) = default;
  };
  // True from the first write to a file until its writer closes it, or has
  // written nothing for 10 minutes.  Some file systems report writes from other
  // machines, but never report that a file was closed.
  bool is_being_written(const FileId& file);

  enum class Why { kChange, kWoken, kTimeout };
  Why wait(std::chrono::milliseconds timeout);
  // Waits until nothing has happened for `quiet`, or until `longest` has
  // passed.
  void settle(std::chrono::milliseconds quiet,
              std::chrono::milliseconds longest);
  void wake();

 private:
  // Both return true when something other than a write happened.
  bool drain();
  bool take(const inotify_event& event);
  void note_write(int folder, const std::string& name);

  struct Write {
    FileId file;
    std::chrono::steady_clock::time_point last;
  };

  int inotify_ = -1;
  int wake_ = -1;
  std::map<int, std::filesystem::path> watched_;
  bool is_changed_ = false;  // a change that wait() has not reported
  // By folder and file name.
  std::map<std::pair<int, std::string>, Write> writes_;
};

}  // namespace canopy::kube
