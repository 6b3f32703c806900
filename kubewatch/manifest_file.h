// One file of Kubernetes manifests: YAML or JSON, several documents, lists.
// Pure but for reading the file; any thread.
#pragma once

#include <ctime>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kubewatch/watch_event.h"

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

struct FoundManifests {
  std::vector<std::filesystem::path> files;
  std::string error;  // one line: a folder that could not be read to its end
};
// The manifests below `path`, a file or a folder with folders in it: names
// that end in .yaml, .yml or .json, in order; hidden ones are left out, so
// that the inside of a ConfigMap volume is seen once.  What has such a name and
// is no file (a FIFO) is among them: to read it says so.
FoundManifests manifests_below(const std::filesystem::path& path);

enum class Trust {
  kCheckFirst,  // read it all before the first object is handed out
  kAsItComes,   // an error may come after objects have been handed out
};

struct ManifestError {
  std::string text;  // "", or one line: file, line, column, why
  // The file could not be read, for now: it need not change to be good.
  bool is_unread = false;
};
// Hands out the file's objects.
ManifestError read_manifest(const std::filesystem::path& file, Trust trust,
                            const std::function<void(Decoded&&)>& sink);

}  // namespace canopy::kube
