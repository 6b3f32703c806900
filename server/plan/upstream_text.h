// How texts about failures name upstreams.  The operator reads addresses; a
// client is told numbers, unless --ede-upstreams says otherwise, so that a pod
// does not learn where the upstreams are.  A text is kept in the cache and
// shared by clients, so it holds both forms until it is sent:
// "<10.0.0.1:53|upstream 1 of 2> timed out".
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/net/address.h"
#include "zones/answer.h"

namespace canopy {

// Both forms of one upstream's name.  `number` counts from 1, in the order in
// which the configuration names the `count` upstreams.
std::string upstream_name(const SocketAddress& server, std::size_t number,
                          std::size_t count);

enum class UpstreamNames : std::uint8_t { kAddresses, kNumbers };

// The text with one of the two forms of each name.
std::string with_names(std::string_view text, UpstreamNames names);

// Whether error texts name upstreams by address or by number (--ede-upstreams).
struct UpstreamNaming {
  enum class Mode : std::uint8_t { kAuto, kAlways, kNever };
  Mode mode = Mode::kAuto;
  // This machine's addresses.  kAuto: addresses for clients there and on
  // loopback, numbers for all others.
  std::vector<Address> own{};

  // A sockaddr_in too, by sin6_family.
  UpstreamNames for_client(const sockaddr_in6& client) const;
  // The error with upstreams named as this client may know them.  Only in our
  // own text; an upstream's text has no names to replace.
  ExtendedError told(ExtendedError error, const sockaddr_in6& client) const;
};

}  // namespace canopy
