// A client's question, decoded and well formed.
#pragma once

#include <cstdint>
#include <optional>

#include "zones/name.h"
#include "zones/rr_types.h"

namespace canopy {

// The client's OPT record (RFC 6891).
struct Edns {
  std::uint16_t udp_size = 512;  // octets, at least 512
  std::uint8_t version = 0;
  bool dnssec_ok = false;  // DO
  bool asks_nsid = false;  // has the option NSID (RFC 5001)
};

// Question and Query are made for every message.  Their empty constructors
// avoid zeroing the octets that a name does not use.
struct Question {
  Question() {}

  Name qname;  // in the client's case
  RrType qtype = RrType::kA;
  RrClass qclass = RrClass::kIn;
};

struct Query : Question {
  Query() {}

  std::uint16_t id = 0;
  bool recursion_desired = false;  // RD
  bool authentic_data = false;     // AD
  bool checking_disabled = false;  // CD
  std::optional<Edns> edns;

  bool dnssec_ok() const { return edns && edns->dnssec_ok; }
};

}  // namespace canopy
