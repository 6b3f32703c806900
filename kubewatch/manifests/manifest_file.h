// Reads one file of Kubernetes manifests: YAML or JSON, several documents,
// lists.  Pure but for reading the file; any thread.  Only a pipe can block.
#pragma once

#include <ctime>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

// Detects that a file changed, without reading the file.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed = 0;  // nanoseconds since the epoch, mtime and ctime
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
// Nothing when the path does not exist or is a folder.
std::optional<FileStamp> stamp_of(const std::filesystem::path& file);

struct ManifestError {
  std::string text;  // "", or one line: file, line, column, why
  // The file could not be read for now; it may be good without a change.
  bool is_unread = false;
};
// Passes the file's objects to the sink, but only after the whole file was
// found to be valid.
ManifestError read_manifest(const std::filesystem::path& file,
                            const std::function<void(Decoded&&)>& sink);
// As read_manifest(), for a pipe (see read_pipe), which can be read only once.
ManifestError read_manifest_pipe(const std::filesystem::path& pipe,
                                 const std::function<void(Decoded&&)>& sink);

}  // namespace canopy::kube
