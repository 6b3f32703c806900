// The server blocks of a CoreDNS Corefile as settings.  Plain values; the
// contents of files that they name are not included.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/config/hosts_settings.h"
#include "server/config/template_settings.h"
#include "server/net/address.h"
#include "server/plan/cache_rules.h"
#include "server/plan/own_texts.h"
#include "server/plan/rewrite_rule.h"
#include "server/plan/upstream_group.h"
#include "zones/name.h"

namespace canopy {

// One key of a server block: "example.org:5300".
struct ServerKey {
  Name domain;
  std::uint16_t port = 53;

  friend bool operator==(const ServerKey&, const ServerKey&) = default;
};

// The directive `cache`.
struct CacheSettings {
  std::vector<Name> domains{};  // empty: those of the server block
  // Bounds on the TTLs of upstreams' answers.
  TtlRange positive = kPositiveTtl;
  TtlRange negative = kNegativeTtl;
  // Upstreams' answers for names below these domains are not cached.
  std::vector<Name> not_positive{};
  std::vector<Name> not_negative{};

  friend bool operator==(const CacheSettings&, const CacheSettings&) = default;
};

// Where queries are forwarded to: a server, or a file like /etc/resolv.conf
// that lists servers.
using ForwardTarget = std::variant<SocketAddress, std::string>;

// DNS over TLS, with the names of PEM files.
struct ForwardTls {
  std::string server_name{};  // empty: the upstream's address is verified
  std::string authorities{};  // empty: the system's
  std::string certificate{};  // empty: none of our own
  std::string key{};

  friend bool operator==(const ForwardTls&, const ForwardTls&) = default;
};

// The directive `forward`.
struct ForwardRule {
  Name from;                        // this domain and all names below it,
  std::vector<Name> except{};       // but not these and names below them
  std::vector<ForwardTarget> to{};  // in the order of the file
  UpstreamOrder order = UpstreamOrder::kFastestFirst;
  Transport first_transport = Transport::kUdp;
  std::optional<ForwardTls> tls{};  // nothing: plain DNS
  std::string at{};                 // "Corefile:12", for error texts

  friend bool operator==(const ForwardRule&, const ForwardRule&) = default;
};

struct ServerBlock {
  std::vector<ServerKey> keys{};
  std::vector<Address> bind{};  // empty: all IPv4 and IPv6 addresses
  bool serves_cluster = false;  // has the directive `kubernetes`
  std::optional<CacheSettings> cache{};
  std::optional<HostsSettings> hosts{};
  std::vector<TemplateSettings> templates{};
  OwnTexts own{};                       // of chaos, nsid and whoami
  std::vector<RewriteRule> rewrites{};  // in the order of the file
  std::vector<ForwardRule> forwards{};  // the first that applies is used
  std::string at{};                     // "Corefile:1", for error texts

  friend bool operator==(const ServerBlock&, const ServerBlock&) = default;
};

}  // namespace canopy
