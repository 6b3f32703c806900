// A snapshot in a file.  The file is replaced atomically: it is complete
// whenever the process or the machine stops.  Writes PATH.new beside it, and
// nothing else.
//
// Threads: one at a time.  Two processes may share a file; only one of them
// writes at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "kubewatch/objects/snapshot.h"

namespace canopy::kube {

class SnapshotFile {
 public:
  // Throws ConfigurationError when the path can never be written.
  explicit SnapshotFile(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }

  bool exists() const;
  // Returns the reason as text when the file is not a snapshot.
  std::variant<Snapshot, std::string> read() const;

  struct Written {
    std::string error;  // "" on success
    std::uint64_t octets = 0;
  };
  using Sink = std::function<void(std::string_view octets)>;
  // `fill` passes the pieces between snapshot_head() and snapshot_end() to the
  // sink.  Blocks until they are on disk.
  Written write(const SnapshotHead& head,
                const std::function<void(const Sink&)>& fill);

 private:
  std::filesystem::path path_;
};

}  // namespace canopy::kube
