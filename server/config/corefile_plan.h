// Compiles the server blocks of a Corefile to the Plan.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/config/server_block.h"
#include "server/plan/hosts_table.h"
#include "server/plan/plan.h"

namespace canopy {

// The servers that a file like /etc/resolv.conf lists.
struct FileServers {
  std::vector<SocketAddress> servers;
  std::string why_none;  // why `servers` is empty
};

// The files that ForwardRules name.
struct ForwardFiles {
  std::map<std::string, FileServers> servers{};
  std::map<std::string, std::string> pem{};  // texts of certificates and keys
};

// Returns a plan with a listener for each port and its addresses.  The first
// listener is one that serves the cluster, if any does; probes ask it.  All
// listeners count as the cache tier.  `files` has each file that a ForwardRule
// names.  `hosts` has the table of each block; empty: no block has
// one.  Throws ConfigurationError.
std::shared_ptr<const Plan> compile_corefile(
    const std::vector<ServerBlock>& blocks, const ForwardFiles& files,
    const std::vector<SharedHosts>& hosts = {});

}  // namespace canopy
