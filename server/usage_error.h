// A mistake of the operator's: a bad flag, file or address.  The text is one
// line that says what, where and what to do.  Thrown at start-up only; main
// prints it and exits with 2.
#pragma once

#include <stdexcept>

namespace canopy {

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace canopy
