// An operator error: a bad flag, file, address or environment variable.  The
// text is one line: what is wrong, where, and what to do.  At start-up, main()
// prints the text and exits with code 2.  At run time, the code that reads a
// file again logs the text and keeps the last good state.
#pragma once

#include <stdexcept>

namespace canopy {

class ConfigurationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace canopy
