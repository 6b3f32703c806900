// The name of this machine; in a cluster, the name of the Pod.
#pragma once

#include <string>

namespace canopy {

// Empty if the system does not tell it.
std::string host_name();

}  // namespace canopy
