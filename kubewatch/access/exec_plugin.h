// Runs a credential plugin and reads its output, an ExecCredential of
// client.authentication.k8s.io v1 or v1beta1.
#pragma once

#include <atomic>
#include <string>

#include "kubewatch/access/credentials.h"

namespace canopy::kube {

struct ExecCredential {
  Identity identity;
  double expires = 0;  // seconds since the epoch; 0: never
};

// Blocks until the plugin ends, plugin.timeout has passed, or `stop` is set.
// Throws std::runtime_error with one line.
ExecCredential run_exec_plugin(const ExecPlugin& plugin,
                               const ClusterAccess& access,
                               const std::atomic<bool>& stop);

// Throws std::runtime_error with one line.
ExecCredential decode_exec_credential(const std::string& text,
                                      const std::string& api_version);

}  // namespace canopy::kube
