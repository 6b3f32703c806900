// Merge keys: `<<: *defaults` puts another mapping's keys into this one.
//
// Pure; any thread.
#pragma once

#include <string>

namespace canopy::kube {

// The key, in JSON, that stands for a merge key: no other key is written so.
inline constexpr const char* kMergeKey = "\1<<";

// Resolves the merge keys in `json`.  Of a key that comes twice the later one
// counts, and of several merged mappings the first, as kubectl has it.  Returns
// "", or why it cannot.
std::string resolve_merges(std::string& json);

}  // namespace canopy::kube
