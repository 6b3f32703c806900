// The question of a probe, and a check of the reply.
//
// Plain functions: any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zones/name.h"
#include "zones/rr_types.h"

namespace canopy {

class ProbeQuestion {
 public:
  // dns-version.<domain>, which every DNS server of a cluster has as soon as it
  // starts (Kubernetes DNS specification 1.1.0, 2.2).  REQUIRES: "dns-version"
  // fits in front of `domain`.
  static ProbeQuestion cluster_version(const Name& domain);
  // version.bind of class CH, which a server answers itself, whatever its
  // zones.  Any text is a correct answer.
  static ProbeQuestion server_version();

  // "dns-version.cluster.local. TXT" or "version.bind. CH TXT"
  std::string to_text() const;
  // The complete message (RFC 1035 4.1) with this ID.
  std::vector<std::uint8_t> message(std::uint16_t id) const;
  // Empty when `reply` answers the question correctly, else the fault.
  std::string fault_of(std::span<const std::uint8_t> reply) const;

 private:
  ProbeQuestion(const Name& name, RrClass qclass, std::string_view text)
      : name_(name), qclass_(qclass), text_(text) {}

  Name name_;
  RrClass qclass_;
  std::string_view text_;  // the correct answer; empty: any text
};

// A random message ID.
std::uint16_t random_probe_id();

}  // namespace canopy
