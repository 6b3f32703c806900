// Contains unexpected exceptions.  A thread's loop runs each step guarded: when
// a step throws, only that step is lost, and the thread continues with its
// earlier state.  Thread rule: every function may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace canopy {

// Runs `step`, and is true when it came to its end.  What it throws is counted
// under `thread` and logged, once as long as the text stays the same.
bool guarded(const std::string& thread, const std::function<void()>& step);

// How many were caught, by thread; no thread without one.
std::map<std::string, std::uint64_t> caught_exceptions();

// From now on, an uncaught exception is printed to stderr before the process
// aborts.
void name_uncaught_exceptions();

}  // namespace canopy
