// Merge keys: `<<: *defaults` copies the keys of another mapping into this one.
//
// Pure; any thread.
#pragma once

#include <string>

namespace canopy::kube {

// The JSON key that represents a merge key.  No other key has this text.
inline constexpr const char* kMergeKey = "\1<<";

// Resolves the merge keys in `json`.  As in kubectl, the later one of two equal
// keys counts, and the first one of several merged mappings.  Returns "", or
// the reason why it failed.
std::string resolve_merges(std::string& json);

}  // namespace canopy::kube
