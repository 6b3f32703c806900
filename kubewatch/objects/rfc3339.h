// Reads times in the Kubernetes API's format.  Pure; any thread.
#pragma once

#include <string_view>

namespace canopy::kube {

// Seconds since the epoch of an RFC 3339 time; 0 when `text` is not one.
double seconds_from_rfc3339(std::string_view text);

}  // namespace canopy::kube
