// Computed names: labels that spell an address.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "zones/answer.h"
#include "zones/rrset_view.h"

namespace canopy {

// The A or AAAA RRset of the address that `label` spells with dashes:
// "10-0-0-7", "2001-db8--7".  Nothing when it spells none.  `scratch` holds the
// rdata.  The Kubernetes DNS specification 2.3.1 defines this form for
// endpoints, and CoreDNS's "pods insecure" for pods.
std::optional<RrsetView> dashed_address(std::string_view label,
                                        std::uint32_t ttl,
                                        Answer::Scratch& scratch);

}  // namespace canopy
