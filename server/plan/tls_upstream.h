// How queries to a group of upstreams are encrypted (DNS over TLS, RFC 7858).
#pragma once

#include <string>

namespace canopy {

struct TlsUpstream {
  // The name that the upstream's certificate must have, also sent as SNI.
  // Empty: the certificate must have the upstream's address.
  std::string server_name{};
  // PEM texts.  Empty: the system's certificate authorities.
  std::string authorities{};
  // PEM texts of our own certificate and its key; empty: none.
  std::string certificate{};
  std::string key{};

  friend auto operator<=>(const TlsUpstream&, const TlsUpstream&) = default;
};

}  // namespace canopy
