// Warnings about one object.  Plain values.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "kubewatch/decode/object_fields.h"

namespace canopy::kube {

// The parts of one object that exceed the limits of object_limits.h.
class LeftOut {
 public:
  // Notes that only `kept` of `all` are served.  `what` is a noun such as
  // "ports".
  void note(std::size_t kept, std::size_t all, const char* what) {
    if (kept == all) return;
    if (!text_.empty()) text_ += ", ";
    text_ +=
        std::to_string(all - kept) + " of " + std::to_string(all) + " " + what;
  }
  // Empty when nothing is left out.
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

struct Remarks {
  LeftOut left_out;
  Flaws flaws;
};

}  // namespace canopy::kube
