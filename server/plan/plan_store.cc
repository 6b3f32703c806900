#include "server/plan/plan_store.h"

#include <utility>

namespace canopy {

void PlanStore::publish(std::shared_ptr<const Plan> plan) {
  const std::lock_guard lock(mutex_);
  if (*plan == *plan_) return;
  plan_ = std::move(plan);
  edition_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const Plan> PlanStore::current() const {
  const std::lock_guard lock(mutex_);
  return plan_;
}

// Reads both the edition and its plan under the mutex, so that they match.
void PlanStore::Reader::look() {
  const std::lock_guard lock(store_.mutex_);
  plan_ = store_.plan_;
  edition_ = store_.edition_.load(std::memory_order_relaxed);
}

}  // namespace canopy
