// IP addresses as Kubernetes reads them.  Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "zones/rrset.h"

namespace canopy::kube {

// As netutils.ParseIPSloppy of k8s.io/utils, by which the API server reads what
// it stored long ago: numbers may have leading zeros and are decimal all the
// same (10.1.0.03 is 10.1.0.3), and an IPv4 address written as an IPv6 one
// (::ffff:10.1.0.1) is IPv4.  Nothing when it is no address.
std::optional<IpAddress> address_from_text(std::string_view text);

}  // namespace canopy::kube
