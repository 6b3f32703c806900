// Contains unexpected exceptions.  A thread's loop runs each step with
// guarded().  If a step throws, only that step is lost, and the thread
// continues with its earlier state.
//
// Thread rule: every function may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace canopy {

// Runs `step`; true when `step` did not throw.  An exception is counted under
// `thread` and logged, but not again while its text stays the same.
bool guarded(const std::string& thread, const std::function<void()>& step);

// The number of caught exceptions by thread; threads without any are absent.
std::map<std::string, std::uint64_t> caught_exceptions();

// From now on, an uncaught exception is printed to stderr before the process
// aborts.
void name_uncaught_exceptions();

}  // namespace canopy
