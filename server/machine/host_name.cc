#include "server/machine/host_name.h"

#include <unistd.h>

#include <array>

namespace canopy {

std::string host_name() {
  std::array<char, 256> name{};  // HOST_NAME_MAX is 64
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace canopy
