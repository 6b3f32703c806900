#include "server/workers/stuck_loops.h"

#include <doctest/doctest.h>

namespace canopy {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Two loops; only the second one turns after each look.
struct Looking {
  void look(std::chrono::nanoseconds slept, int times = 1) {
    for (int i = 0; i < times; ++i) {
      loops.turned(1);
      loops.sleep_ended(slept);
    }
  }
  StuckLoops loops{2, {.limit = seconds(10), .step = seconds(1)}};
};

TEST_CASE("a loop that has not turned for the limit is overdue, and no other") {
  Looking looking;
  looking.look(seconds(1), 9);
  CHECK_FALSE(looking.loops.overdue());
  looking.look(seconds(1));
  CHECK(looking.loops.overdue() == 0);
}

TEST_CASE("a turn gives the loop the whole limit again") {
  Looking looking;
  looking.look(seconds(1), 9);
  looking.loops.turned(0);
  looking.look(seconds(1), 9);
  CHECK_FALSE(looking.loops.overdue());
}

TEST_CASE("a process that stood still gives every loop the limit again") {
  Looking looking;
  looking.look(seconds(1), 9);
  looking.look(hours(8));  // SIGSTOP, a paused machine
  CHECK_FALSE(looking.loops.overdue());
  looking.look(seconds(1), 9);
  CHECK_FALSE(looking.loops.overdue());
  looking.look(seconds(1));
  CHECK(looking.loops.overdue() == 0);
}

TEST_CASE("of a sleep that ended late, only what was meant counts") {
  Looking looking;
  looking.look(milliseconds(1900), 9);  // hardly any CPU time
  CHECK_FALSE(looking.loops.overdue());
  looking.look(milliseconds(1900));
  CHECK(looking.loops.overdue() == 0);
}

}  // namespace
}  // namespace canopy
