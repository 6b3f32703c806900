// Finds duplicate keys in one document of a manifest.  kubectl uses the last
// duplicate, other readers the first.  Therefore a served object must not have
// duplicate keys.
//
// Threads: any one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "kubewatch/objects/api_kinds.h"

namespace canopy::kube {

class DocumentKeys {
 public:
  // Call at the start and the end of a mapping or a list.
  void open() { levels_.emplace_back(); }
  void close() {
    held_ -= levels_.back().size();
    levels_.pop_back();
  }
  bool is_at_root() const { return levels_.size() == 1; }

  // Adds a key to the innermost mapping.  False when the key is a duplicate.
  bool add(std::string_view key) {
    is_kind_ = is_at_root() && key == "kind";
    if (held_ >= kMaxHeld) return true;
    const bool is_new =
        levels_.back().insert(std::hash<std::string_view>()(key)).second;
    held_ += is_new ? 1 : 0;
    repeats_kind_ = repeats_kind_ || (is_kind_ && !is_new);
    return is_new;
  }
  // Call for a text value, after its key.
  void note_text(std::string_view text) {
    if (is_kind_ && is_at_root()) is_served_ = is_served_kind(text);
    is_kind_ = false;
  }

  // True when duplicate keys are errors: the kind of the document is served, or
  // "kind" itself is a duplicate key.
  bool matter() const { return is_served_ || repeats_kind_; }

 private:
  // Hashes of keys, so that long keys take no memory.
  using Level = std::unordered_set<std::size_t>;

  // The same limit as for values in parse_bounded(), which refuses larger
  // objects.
  static constexpr std::size_t kMaxHeld = 600'000;

  static bool is_served_kind(std::string_view kind) {
    return kind.ends_with("List") ||
           std::any_of(
               std::begin(kApiKinds), std::end(kApiKinds),
               [&](const ApiKind& served) { return served.name == kind; });
  }

  std::vector<Level> levels_;
  std::size_t held_ = 0;  // in all levels
  bool is_kind_ = false;  // the last key is the root's "kind"
  bool is_served_ = false;
  bool repeats_kind_ = false;
};

// The error text for a duplicate key.
inline std::string repeated_key_text(std::string_view key, bool is_at_root) {
  constexpr std::size_t kMost = 64;
  std::string text = "the key \"";
  text.append(key.substr(0, kMost)).append("\" appears twice in one mapping");
  if (is_at_root) text += "; is a --- line missing between two objects?";
  return text;
}

}  // namespace canopy::kube
