// An upstream's response time and loss rate, as one worker measured them.
// Values; the caller passes times in.
#pragma once

#include <algorithm>
#include <chrono>

#include "server/forward/forward_timing.h"

namespace canopy {

class RoundTrip {
 public:
  using Time = std::chrono::nanoseconds;

  // RFC 6298 2.2 and 2.3.
  void note_answer(Time took) {
    lost_ -= lost_ / 4;
    if (!is_known_) {
      is_known_ = true;
      smoothed_ = took;
      variation_ = took / 2;
      return;
    }
    const Time off = smoothed_ > took ? smoothed_ - took : took - smoothed_;
    variation_ += (off - variation_) / 4;
    smoothed_ += (took - smoothed_) / 8;
  }
  // The query timed out or was refused.
  void note_loss() { lost_ += (1 - lost_) / 4; }

  Time smoothed() const { return smoothed_; }
  bool is_lossy() const { return lost_ > 0.01; }

  // The smoothed round-trip time plus the loss rate times kLatestRetry.  Zero
  // for a server that was never asked, so that it is tried.
  Time expected() const {
    return smoothed_ + std::chrono::duration_cast<Time>(
                           lost_ * std::chrono::duration<double>(kLatestRetry));
  }
  // How long to wait for an answer before another upstream is asked.
  Time retry_after() const {
    if (!is_known_) return kLatestRetry;
    return std::clamp<Time>(smoothed_ + 4 * variation_, kSoonestRetry,
                            kLatestRetry);
  }

 private:
  bool is_known_ = false;
  Time smoothed_{0};
  Time variation_{0};
  double lost_ = 0;  // share of lost queries, weighted towards the latest
};

}  // namespace canopy
