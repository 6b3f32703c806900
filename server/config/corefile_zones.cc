#include "server/config/corefile_zones.h"

#include <algorithm>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/system/error_code.hpp>

#include "server/config/text_values.h"
#include "zones/rrset.h"

namespace canopy {
namespace {

constexpr std::string_view kScheme = "://";

Name without_labels(const Name& name, std::size_t count) {
  NameView rest = name.view();
  for (; count > 0; --count) rest = rest.parent();
  return Name(rest);
}

// The reverse zones of the network that starts with `octets`.  `label_bits` is
// the number of bits in each label of a reverse name.
template <typename Octets>
std::vector<Name> reverse_zones_of(Octets octets, unsigned prefix,
                                   unsigned label_bits) {
  const auto bits = static_cast<unsigned>(octets.size() * 8);
  const unsigned rounded = (prefix + label_bits - 1) / label_bits * label_bits;
  const unsigned labels = (bits - rounded) / label_bits;
  std::vector<Name> zones;
  const unsigned count = 1U << (rounded - prefix);  // at most 128
  zones.reserve(count);
  for (unsigned i = 0; i < count; ++i) {
    Octets network = octets;
    if (i > 0) {
      const unsigned last = rounded - 1;
      network[last / 8] |= static_cast<std::uint8_t>(i << (7 - last % 8));
    }
    zones.push_back(without_labels(reverse_name(IpAddress(network)), labels));
  }
  return zones;
}

// Bits after the prefix are ignored, as in CoreDNS.  Returns nothing for a text
// that is no network.
std::vector<Name> reverse_zones_of(std::string_view text) {
  boost::system::error_code error;
  const auto v4 =
      boost::asio::ip::make_network_v4(std::string(text), error).canonical();
  if (!error) {
    return reverse_zones_of(v4.network().to_bytes(), v4.prefix_length(), 8);
  }
  const auto v6 =
      boost::asio::ip::make_network_v6(std::string(text), error).canonical();
  if (!error) {
    return reverse_zones_of(v6.network().to_bytes(), v6.prefix_length(), 4);
  }
  return {};
}

[[noreturn]] void refuse_scheme(std::string_view scheme) {
  throw ConfigurationError(
      scheme == "tls" || scheme == "https" || scheme == "https3" ||
              scheme == "quic" || scheme == "grpc"
          ? "is not supported: queries are only accepted over plain DNS; "
            "write the key without " +
                std::string(scheme) + "://"
          : "has an unknown scheme; write ZONE:PORT or dns://ZONE:PORT");
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
}

}  // namespace

std::vector<Name> zones_value(std::string_view text) {
  if (text.find('/') != std::string_view::npos) {
    std::vector<Name> zones = reverse_zones_of(text);
    if (!zones.empty()) return zones;
    throw ConfigurationError(
        "is not a network; give one such as 10.0.0.0/8 or fd00::/8");
  }
  const bool plain = text.find_first_of(":,{}()\\\" \t") == text.npos;
  const auto name = plain ? Name::from_text(text) : std::nullopt;
  if (name) return {*name};
  throw ConfigurationError(
      "is not a zone; give a domain such as example.org, or a network such as "
      "10.0.0.0/8");
}

std::vector<ServerKey> server_keys_value(std::string_view text,
                                         std::uint16_t default_port) {
  const auto scheme = text.find(kScheme);
  if (scheme != std::string_view::npos) {
    if (text.substr(0, scheme) != "dns") refuse_scheme(text.substr(0, scheme));
    text.remove_prefix(scheme + kScheme.size());
  }
  std::uint16_t port = default_port;
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos &&
      (colon + 1 == text.size() || is_number(text.substr(colon + 1)))) {
    if (colon + 1 == text.size()) {
      throw ConfigurationError(
          "has no port after the colon; is a variable "
          "not set? Write one such as .:53");
    }
    port = port_value(text.substr(colon + 1));
    text = text.substr(0, colon);
  }
  if (text.empty()) {
    throw ConfigurationError("has no zone before the port; write .:" +
                             std::to_string(port) + " for all names");
  }
  std::vector<ServerKey> keys;
  std::vector<Name> zones = zones_value(text);
  keys.reserve(zones.size());
  for (const Name& zone : zones) keys.push_back({zone, port});
  return keys;
}

}  // namespace canopy
