// kube-dns's ConfigMap, mounted as a folder: the files upstreamNameservers and
// stubDomains.  Other files are ignored.  A missing file means the default.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/net/address.h"
#include "zones/name.h"

namespace canopy {

// A server given by name, which must be looked up.
struct NamedServer {
  Name name;
  std::uint16_t port = 53;

  friend bool operator==(const NamedServer&, const NamedServer&) = default;
  friend bool operator<(const NamedServer& a, const NamedServer& b) {
    return std::pair(a.name.to_text(), a.port) <
           std::pair(b.name.to_text(), b.port);
  }
};

struct StubDomain {
  Name domain;
  std::vector<std::variant<SocketAddress, NamedServer>> servers;
};

struct KubeDnsConfig {
  // Nothing: the folder does not set them, and the flags apply.
  std::optional<std::vector<SocketAddress>> upstream_nameservers;
  std::vector<StubDomain> stub_domains;
};

// The contents of the files before parsing, to detect changes.
struct KubeDnsTexts {
  std::optional<std::string> upstream_nameservers;
  std::optional<std::string> stub_domains;

  friend bool operator==(const KubeDnsTexts&, const KubeDnsTexts&) = default;
};

// Throws ConfigurationError when the folder or a file cannot be read.
KubeDnsTexts read_kube_dns_config(const std::string& folder);

// Throws ConfigurationError for the first invalid value, with the file's name
// below `folder`.  One invalid value rejects everything.
KubeDnsConfig parse_config(const std::string& folder,
                           const KubeDnsTexts& texts);

}  // namespace canopy
