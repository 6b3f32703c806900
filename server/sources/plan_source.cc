#include "server/sources/plan_source.h"

#include <pthread.h>

#include <utility>

#include "healthz/guarded.h"
#include "server/sources/corefile_plan_source.h"
#include "server/sources/flag_plan_source.h"

namespace canopy {

void PlanSource::run() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "canopy-plan");
    while (!io_.stopped()) guarded("plan", [this] { io_.run(); });
  });
}

void PlanSource::stop() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<ServerBlock> PlanSource::blocks() const {
  const std::lock_guard lock(mutex_);
  return blocks_;
}

void PlanSource::note_blocks(std::vector<ServerBlock> blocks) {
  const std::lock_guard lock(mutex_);
  blocks_ = std::move(blocks);
}

std::unique_ptr<PlanSource> make_plan_source(const Settings& settings,
                                             ReadSettings read_settings,
                                             PlanStore& store) {
  if (settings.corefile.empty()) {
    return std::make_unique<FlagPlanSource>(settings, store);
  }
  return std::make_unique<CorefilePlanSource>(settings,
                                              std::move(read_settings), store);
}

}  // namespace canopy
