// The clock for the age of answers and the duration of questions.
#pragma once

#include <chrono>

namespace canopy {

using TimePoint = std::chrono::steady_clock::time_point;

}  // namespace canopy
