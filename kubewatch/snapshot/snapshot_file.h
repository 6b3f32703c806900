// A snapshot in a file: there whole, or as it was before, whenever the process
// or the machine stops.  Writes PATH.new beside it, and nothing else.
//
// Threads: one at a time.  Two processes may share a file: one of them writes.
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
  // Throws ConfigurationError when nothing can ever be written there.
  explicit SnapshotFile(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }

  bool exists() const;
  // Why not, when it is no snapshot.
  std::variant<Snapshot, std::string> read() const;

  struct Written {
    std::string error;  // "" when it is done
    std::uint64_t octets = 0;
  };
  using Sink = std::function<void(std::string_view octets)>;
  // `fill` hands the pieces between snapshot_head() and snapshot_end() to the
  // sink.  Blocks until they are on the disk.
  Written write(const SnapshotHead& head,
                const std::function<void(const Sink&)>& fill);

 private:
  std::filesystem::path path_;
};

}  // namespace canopy::kube
