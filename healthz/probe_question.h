// The question of a probe, and a check of the reply.  Every DNS server of a
// cluster has dns-version.<domain> (Kubernetes DNS specification 1.1.0, 2.2) as
// soon as it starts.
//
// Plain functions: any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "zones/name.h"

namespace canopy {

class ProbeQuestion {
 public:
  // REQUIRES: "dns-version" fits in front of `domain`.
  explicit ProbeQuestion(const Name& domain);

  // "dns-version.cluster.local. TXT"
  std::string to_text() const;
  // The complete message (RFC 1035 4.1) with this ID.
  std::vector<std::uint8_t> message(std::uint16_t id) const;
  // Empty when `reply` answers the question correctly, else the fault.
  std::string fault_of(std::span<const std::uint8_t> reply) const;

 private:
  Name name_;
};

// A random message ID.
std::uint16_t random_probe_id();

}  // namespace canopy
