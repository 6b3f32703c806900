#include "kubewatch/snapshot/snapshot_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "healthz/configuration_error.h"
#include "healthz/read_file.h"

namespace canopy::kube {

namespace {

namespace fs = std::filesystem;

// Enough for more than a million endpoints, and small enough for the memory
// available at start.
constexpr std::size_t kMaxSize = 64 << 20;

std::string error_text() { return std::strerror(errno); }

fs::path folder_of(const fs::path& path) {
  const fs::path folder = path.parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

// True when the open file is still the one at `path`.
bool is_at(const fs::path& path, int file) {
  struct stat there, ours;
  return ::stat(path.c_str(), &there) == 0 && ::fstat(file, &ours) == 0 &&
         there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

// The next content of a file.  Errors are kept; the first one counts.
class NextFile {
 public:
  explicit NextFile(fs::path path) : path_(std::move(path)), file_(open()) {
    const int file = file_.value();
    if (file < 0) return;
    if (::flock(file, LOCK_EX | LOCK_NB) != 0 || !is_at(path_, file)) {
      // The file of another process, which may have just replaced the snapshot.
      error_ = "another process is writing it";
    } else if (::ftruncate(file, 0) != 0) {
      error_ = error_text();
    }
  }

  void add(std::string_view octets) {
    size_ += octets.size();
    while (!octets.empty() && error_.empty()) {
      const ssize_t written =
          ::write(file_.value(), octets.data(), octets.size());
      if (written >= 0) {
        octets.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno != EINTR) {
        error_ = error_text();
      }
    }
  }

  // Replaces `target` and waits until the new file is on disk.
  void become(const fs::path& target) {
    if (error_.empty() && ::fsync(file_.value()) != 0) error_ = error_text();
    if (error_.empty() && ::rename(path_.c_str(), target.c_str()) != 0) {
      error_ = error_text();
    }
    if (!error_.empty()) return;
    const Descriptor folder(
        ::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ::fsync(folder.value());
  }

  const std::string& error() const { return error_; }
  std::uint64_t size() const { return size_; }

 private:
  // Does not block on a FIFO without a reader.
  int open() {
    const std::string fault = fault_of_kind(path_);
    if (!fault.empty()) {
      error_ = path_.string() + " " + fault;
      return -1;
    }
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const int file = ::open(path_.c_str(), flags, 0600);
    if (file < 0) error_ = error_text();
    return file;
  }

  fs::path path_;
  std::string error_;
  Descriptor file_;  // declared after members that its creation sets
  std::uint64_t size_ = 0;
};

}  // namespace

SnapshotFile::SnapshotFile(fs::path path) : path_(std::move(path)) {
  const auto fail = [&](const std::string& why) {
    throw ConfigurationError("--snapshot-file=" + path_.string() + ": " + why);
  };
  std::error_code error;
  const fs::path folder = folder_of(path_);
  if (!fs::is_directory(folder, error)) {
    fail("there is no folder " + folder.string() +
         "; create it, or mount a volume there");
  }
  if (path_.filename().empty()) fail("is a folder; give a file in it");
  if (const std::string fault = fault_of_kind(path_); !fault.empty()) {
    fail(fault + "; give the path of a file, existing or new");
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    fail("the folder is not writable (" + error_text() + "); give user " +
         std::to_string(::geteuid()) + " write permission");
  }
}

bool SnapshotFile::exists() const {
  std::error_code error;
  return fs::exists(path_, error);
}

std::variant<Snapshot, std::string> SnapshotFile::read() const {
  FileText read = read_file(path_, kMaxSize);
  if (!read.ok()) return "it " + read.fault;
  return Snapshot::parse(std::move(read.text));
}

SnapshotFile::Written SnapshotFile::write(
    const SnapshotHead& head, const std::function<void(const Sink&)>& fill) {
  fs::path beside = path_;
  beside += ".new";
  NextFile next(beside);
  if (!next.error().empty()) return {next.error(), 0};
  Sha256 sum;
  const Sink sink = [&](std::string_view octets) {
    sum.add(octets);
    next.add(octets);
  };
  sink(snapshot_head(head));
  fill(sink);
  sink(snapshot_end());
  next.add(sum.digest());
  next.become(path_);
  return {next.error(), next.size()};
}

}  // namespace canopy::kube
