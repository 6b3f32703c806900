// Servers that can answer the same queries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "healthz/tier.h"
#include "server/net/address.h"
#include "server/plan/tls_upstream.h"
#include "zones/name.h"

namespace canopy {

enum class UpstreamOrder : std::uint8_t {
  kFastestFirst,  // servers about as fast as the fastest take turns
  kAsWritten,     // the next server is asked only when the one before fails
};

struct UpstreamGroup {
  std::vector<SocketAddress> servers{};  // in the order of the configuration
  // Why `servers` is empty, for the extended error of SERVFAIL.
  std::string why_none = "no upstream is configured";
  UpstreamOrder order = UpstreamOrder::kFastestFirst;
  // kTcp: queries are never sent over UDP.
  Transport first_transport = Transport::kUdp;
  // Nothing: queries are not encrypted.  REQUIRES, if set: first_transport is
  // kTcp.
  std::optional<TlsUpstream> tls{};
  // Their health is checked by queries for this domain.
  Name domain{};

  friend bool operator==(const UpstreamGroup&, const UpstreamGroup&) = default;
};

}  // namespace canopy
