// The Plan made from a Corefile, the files that it imports, the files of
// servers that its `forward` directives name, and hosts files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/config/corefile_plan.h"
#include "server/config/settings.h"
#include "server/sources/folder_events.h"
#include "server/sources/hosts_tables.h"
#include "server/sources/plan_source.h"

namespace canopy {

class CorefilePlanSource final : public PlanSource {
 public:
  // `read_settings` reads the Corefile again, on the thread of this source.
  CorefilePlanSource(const Settings& settings, ReadSettings read_settings,
                     PlanStore& store);
  ~CorefilePlanSource() override { stop(); }

  void start(const std::optional<SocketAddress>& own_tier) override;
  void reload() override;

 private:
  // A plan, and what the operator should know about it.
  struct Made {
    std::shared_ptr<const Plan> plan;
    std::vector<std::string> warnings;
  };

  enum class When : std::uint8_t { kChanged, kAlways };

  // Throws ConfigurationError.
  Made make(std::vector<ServerBlock> blocks);
  static void read_pem_files(const ForwardRule& rule, ForwardFiles& files);
  static FileServers read_servers(const std::string& path,
                                  const ForwardRule& rule, Made& made);
  std::vector<SharedHosts> hosts_of(const std::vector<ServerBlock>& blocks,
                                    Made& made);
  void publish(Made made);
  void read_again(When when);
  void take(Settings next);
  void say_fault(const std::string& fault);

  const ReadSettings read_settings_;
  PlanStore& store_;
  Settings settings_;                  // those of the plan that is published
  std::vector<std::string> warnings_;  // the last ones that were logged
  HostsTables hosts_tables_{hosts_counts_};
  std::string fault_;  // the last one that was logged; empty: none
  std::optional<FolderEvents> events_;
};

}  // namespace canopy
