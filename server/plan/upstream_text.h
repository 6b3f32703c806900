// How error texts name upstreams.  Operators see addresses.  Clients see
// numbers, unless --ede-upstreams says otherwise, so that pods do not learn the
// upstreams' addresses.  The cache keeps a text and many clients share it, so
// the text holds both forms until it is sent: "<10.0.0.1:53|upstream 1 of 2>
// timed out".
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/net/address.h"
#include "zones/answer.h"

namespace canopy {

// Returns both forms of one upstream's name.  `number` counts from 1, in the
// order of the configuration; `count` is the number of upstreams.
std::string upstream_name(const SocketAddress& server, std::size_t number,
                          std::size_t count);

enum class UpstreamNames : std::uint8_t { kAddresses, kNumbers };

// Returns `text` with the chosen form of each name.
std::string with_names(std::string_view text, UpstreamNames names);

// Whether error texts name upstreams by address or by number (--ede-upstreams).
struct UpstreamNaming {
  enum class Mode : std::uint8_t { kAuto, kAlways, kNever };
  Mode mode = Mode::kAuto;
  // This machine's addresses.  With kAuto, clients at these addresses and on
  // loopback see addresses; all other clients see numbers.
  std::vector<Address> own{};

  // `client` may be a sockaddr_in, by sin6_family.
  UpstreamNames for_client(const sockaddr_in6& client) const;
  // Returns the error with upstreams named for this client.  Changes only our
  // own text; an upstream's own text contains no such names.
  ExtendedError told(ExtendedError error, const sockaddr_in6& client) const;
};

}  // namespace canopy
