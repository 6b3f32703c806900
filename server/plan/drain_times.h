// How long a process that is asked to end goes on answering.
#pragma once

#include <chrono>

namespace canopy {

struct DrainTimes {
  // No datagram and no new connection for so long: clients go elsewhere.
  std::chrono::milliseconds quiet{5'000};
  // The drain ends after this long at most.
  std::chrono::milliseconds grace{25'000};
};

}  // namespace canopy
