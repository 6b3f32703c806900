// The clock by which answers age and questions are measured.
#pragma once

#include <chrono>

namespace canopy {

using TimePoint = std::chrono::steady_clock::time_point;

}  // namespace canopy
