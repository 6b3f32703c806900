// Exceptions that nobody expected.  A thread's loop runs each step guarded: a
// step that throws costs that step, and the thread goes on with what it had.
//
// Thread rule: every function may be called from any thread.
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

// From here on one that nobody catches is named in a line on stderr before the
// process aborts.
void name_uncaught_exceptions();

}  // namespace canopy
