// A mistake of the operator's: a bad flag, file, address or environment
// variable.  The text is one line: what, where, what to do.  Thrown at
// start-up, where main() prints it and exits with 2; while running, by what
// reads a file again, where it is logged and the last good state stays.
#pragma once

#include <stdexcept>

namespace canopy {

class ConfigurationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace canopy
