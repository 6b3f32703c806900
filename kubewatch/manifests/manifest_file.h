// One file of Kubernetes manifests: YAML or JSON, several documents, lists.
// Pure but for reading the file; any thread.  Only a pipe is waited for.
#pragma once

#include <ctime>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

// Tells one content of a file from the next without reading it.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed = 0;  // nanoseconds since the epoch, mtime and ctime
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
// Nothing when nothing is there, or a folder.
std::optional<FileStamp> stamp_of(const std::filesystem::path& file);

struct ManifestError {
  std::string text;  // "", or one line: file, line, column, why
  // The file could not be read, for now: it need not change to be good.
  bool is_unread = false;
};
// Hands out the file's objects: none before the whole file has been found to be
// good.
ManifestError read_manifest(const std::filesystem::path& file,
                            const std::function<void(Decoded&&)>& sink);
// The same of a pipe (see read_pipe), which can be read once.
ManifestError read_manifest_pipe(const std::filesystem::path& pipe,
                                 const std::function<void(Decoded&&)>& sink);

}  // namespace canopy::kube
