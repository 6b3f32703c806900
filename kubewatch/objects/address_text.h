// Reads IP addresses as Kubernetes does.  Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "zones/rrset.h"

namespace canopy::kube {

// As netutils.ParseIPSloppy of k8s.io/utils, which the API server uses for old
// stored objects.  Numbers with leading zeros are decimal (10.1.0.03 is
// 10.1.0.3), and an IPv4-mapped IPv6 address (::ffff:10.1.0.1) is IPv4.
// Nothing when `text` is not an address.
std::optional<IpAddress> address_from_text(std::string_view text);

}  // namespace canopy::kube
