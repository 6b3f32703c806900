// Waits for something to happen in folders: inotify, with a way to be woken.
// It says that something happened, not what: look again.  A write is no
// change before the writer has closed the file.
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

  // Watches these and no others; those that cannot be are left out.  True
  // when a folder (not: a path of it) was not watched before.
  bool watch_only(const std::set<std::filesystem::path>& folders);

  // Identifies a file independently of its name.
  struct FileId {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const FileId&, const FileId&) = default;
  };
  // True from the first write to a file until its writer closes it, or has
  // written nothing for 10 minutes: some file systems report writes of other
  // machines and never that a file was closed.
  bool is_being_written(const FileId& file);

  enum class Why { kChange, kWoken, kTimeout };
  Why wait(std::chrono::milliseconds timeout);
  // Waits until nothing has happened for `quiet`, or `longest` is over.
  void settle(std::chrono::milliseconds quiet,
              std::chrono::milliseconds longest);
  void wake();

 private:
  // Both return true when something happened that is no write.
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
  bool is_changed_ = false;  // wait() has not said so yet
  // By folder and name.
  std::map<std::pair<int, std::string>, Write> writes_;
};

}  // namespace canopy::kube
