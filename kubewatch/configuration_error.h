// What start-up throws when a flag, a file or the environment is wrong.  Its
// text is one line: what, where, what to do.  main() prints it and exits 2.
#pragma once

#include <stdexcept>

namespace canopy {

class ConfigurationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace canopy
