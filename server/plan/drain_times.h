// How long a stopping process continues to answer.
#pragma once

#include <chrono>

namespace canopy {

struct DrainTimes {
  // The drain ends after this long without a datagram or a new connection,
  // because clients then use other servers.
  std::chrono::milliseconds quiet{5'000};
  // The drain always ends after this long.
  std::chrono::milliseconds grace{25'000};

  friend bool operator==(const DrainTimes&, const DrainTimes&) = default;
};

}  // namespace canopy
