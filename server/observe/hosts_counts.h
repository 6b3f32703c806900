// What the metrics say about hosts files.  Any thread may read; the thread that
// reads the files writes.
#pragma once

#include <atomic>
#include <cstddef>

namespace canopy {

struct HostsCounts {
  std::atomic<std::size_t> names{0};  // with each of their addresses
  std::atomic<std::size_t> broken_files{0};
  // Because a name has too many of one type.
  std::atomic<std::size_t> records_left_out{0};
};

}  // namespace canopy
