// How the kernel's scheduler is asked to treat a thread that answers.
#pragma once

namespace canopy {

// The calling thread would rather run often and briefly than seldom and long:
// when a question wakes it, it need not wait for the slice of a thread that
// reads a long list to end.  Its share of the CPU stays what it was. Linux 6.12
// and later (EEVDF's slices, sched_setattr(2)); elsewhere nothing changes.
void ask_for_short_slices();

}  // namespace canopy
