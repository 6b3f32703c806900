// Publishes plans, as ZoneStore publishes zones: a query uses one plan from
// start to end.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "server/plan/plan.h"

namespace canopy {

// Any thread may call publish() and current().  Each Reader belongs to one
// thread.
class PlanStore {
 public:
  // Publishing an equal plan does not change the edition.
  void publish(std::shared_ptr<const Plan> plan);
  std::shared_ptr<const Plan> current() const;

  // Costs one atomic load when no new plan was published.
  class Reader {
   public:
    explicit Reader(const PlanStore& store) : store_(store) { look(); }
    // Valid until the next call.
    const Plan& current() {
      if (store_.edition_.load(std::memory_order_acquire) != edition_) look();
      return *plan_;
    }
    // The edition of the plan that current() last returned.
    std::uint64_t edition() const { return edition_; }

   private:
    void look();

    const PlanStore& store_;
    std::uint64_t edition_ = 0;
    std::shared_ptr<const Plan> plan_;
  };

 private:
  std::atomic<std::uint64_t> edition_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const Plan> plan_ =
      std::make_shared<const Plan>();  // guarded by mutex_
};

}  // namespace canopy
