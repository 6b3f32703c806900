// Converts texts of flags, files and environment variables to values.  Each
// function throws ConfigurationError with a text that follows the value, such
// as "is not a port; give a number from 0 to 65535".  The caller adds the value
// and its place.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "healthz/configuration_error.h"
#include "server/net/address.h"
#include "zones/name.h"

namespace canopy {

struct NumberRange {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

std::uint64_t number_value(std::string_view text, NumberRange range);
std::uint16_t port_value(std::string_view text);
bool boolean_value(std::string_view text);
// Parses "2s", "500ms", "1m30s".
std::chrono::milliseconds duration_value(std::string_view text);
// Parses a number of octets: "32M".  K, M and G are powers of 1024; "Ki" and
// "KiB" mean the same.
std::uint64_t size_value(std::string_view text);
Address address_value(std::string_view text);
// Parses "10.0.0.1", "10.0.0.1:5353", "::1", "[::1]:5353"; the default port is
// 53.  Link-local IPv6
// addresses need an interface of this machine: "fe80::1%eth0".
SocketAddress server_value(std::string_view text);
// The same with another default port.
SocketAddress server_on_port_value(std::string_view text,
                                   std::uint16_t default_port);
// Parses the URL of an API server: "https://10.0.0.1:6443".
std::string url_value(std::string_view text);
// Parses "10.96.0.0/12".
Network network_value(std::string_view text);
// Parses a domain of LDH labels and underscores, with or without trailing dot.
Name domain_value(std::string_view text);

// Return the shortest text that parses to the same value: "30s", "1500ms";
// "32M"; a domain without the trailing dot.
std::string duration_text(std::chrono::milliseconds duration);
std::string size_text(std::uint64_t octets);
std::string domain_text(const Name& domain);

// Splits at commas and drops blanks around items.  Throws for empty items.
std::vector<std::string> list_items(std::string_view text);

}  // namespace canopy
