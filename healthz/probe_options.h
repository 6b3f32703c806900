// What the probes of the tiers and of the workers ask, and when.
#pragma once

#include <chrono>
#include <functional>

#include "healthz/probe_question.h"
#include "zones/time_point.h"

namespace canopy {

struct ProbeOptions {
  ProbeQuestion question =
      ProbeQuestion::cluster_version(*Name::from_text("cluster.local"));
  // The time between the starts of two rounds.
  std::chrono::milliseconds period{2000};
  std::chrono::milliseconds timeout{2000};  // for one question
  std::function<TimePoint()> clock = &std::chrono::steady_clock::now;
};

}  // namespace canopy
