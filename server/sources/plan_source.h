// Publishes the Plan, and a new one when a file that it was made from changes.
// A thread of its own watches the files; the public functions are for the main
// thread.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "server/config/server_block.h"
#include "server/config/settings.h"
#include "server/net/address.h"
#include "server/observe/hosts_counts.h"
#include "server/plan/plan_store.h"

namespace canopy {

class PlanSource {
 public:
  // `own_tier` answers for names in the cluster's domain: our own zone tier or
  // cache tier.
  virtual void start(const std::optional<SocketAddress>& own_tier) = 0;
  // Reads all files again.  Logs faults and keeps the earlier plan then.
  virtual void reload() = 0;
  // Call this before the destructor.
  void stop();

  // For reports; any thread, until this is destroyed.
  //
  // How often the files had a new fault, so that the earlier plan was kept.
  std::uint64_t failed_reloads() const { return failed_reloads_; }
  // The Corefile's server blocks that the plan was made from.
  std::vector<ServerBlock> blocks() const;
  // Zeros without a Corefile.
  const HostsCounts& hosts_counts() const { return hosts_counts_; }

  virtual ~PlanSource() = default;
  PlanSource(const PlanSource&) = delete;
  PlanSource& operator=(const PlanSource&) = delete;

 protected:
  PlanSource() = default;
  // Starts the thread that runs io_.
  void run();
  void note_failed_reload() { ++failed_reloads_; }
  void note_blocks(std::vector<ServerBlock> blocks);

  boost::asio::io_context io_{1};
  HostsCounts hosts_counts_;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_{io_.get_executor()};
  std::thread thread_;
  std::atomic<std::uint64_t> failed_reloads_{0};
  mutable std::mutex mutex_;
  std::vector<ServerBlock> blocks_;  // guarded by mutex_
};

// Returns the settings of a new start with the same command line.  Throws
// ConfigurationError.
using ReadSettings = std::function<Settings()>;

// Reads all files and publishes the plan.  Throws ConfigurationError for a file
// that is missing or wrong.
std::unique_ptr<PlanSource> make_plan_source(const Settings& settings,
                                             ReadSettings read_settings,
                                             PlanStore& store);

}  // namespace canopy
