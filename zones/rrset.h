// Records as values, as a data source hands them to a zone.  Rdata is in
// uncompressed wire form.  Plain values, no threads.  Only the rdata's octets
// are allocated.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "zones/name.h"
#include "zones/rr_types.h"

namespace canopy {

using Octets = std::vector<std::uint8_t>;

using Ipv4 = std::array<std::uint8_t, 4>;
using Ipv6 = std::array<std::uint8_t, 16>;
using IpAddress = std::variant<Ipv4, Ipv6>;

// Accepts the text forms of RFC 4291 and dotted quads, nothing else.
std::optional<IpAddress> ip_from_text(std::string_view text);
std::string to_text(const IpAddress& address);
// "7.0.0.10.in-addr.arpa." or the 32 nibbles under "ip6.arpa.".
Name reverse_name(const IpAddress& address);

struct Record {
  Name owner;
  RrType type = RrType::kA;
  std::uint32_t ttl = 0;  // seconds
  Octets rdata;

  // Compares the owner without case, type, TTL, and rdata octet for octet.
  friend bool operator==(const Record& a, const Record& b) = default;
};

// Records in the formats of RFC 1035 3.3 and 3.4, RFC 3596 and RFC 2782.
Record address_record(const Name& owner, std::uint32_t ttl,
                      const IpAddress& address);
struct SrvFields {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
};
Record srv_record(const Name& owner, std::uint32_t ttl, SrvFields fields,
                  NameView target);
// `type` is CNAME, NS or PTR.
Record name_record(const Name& owner, RrType type, std::uint32_t ttl,
                   NameView target);
Record txt_record(const Name& owner, std::uint32_t ttl, std::string_view text);

// "db.prod.svc.cluster.local. 30 IN A 10.0.0.7"; unknown types as RFC 3597.
std::string to_text(NameView owner, RrType type, std::uint32_t ttl,
                    std::span<const std::uint8_t> rdata);
std::string to_text(const Record& record);

}  // namespace canopy
