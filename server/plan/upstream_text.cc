#include "server/plan/upstream_text.h"

#include <algorithm>
#include <cstring>

#include "server/net/address.h"

namespace canopy {
namespace {

Address address_in(const sockaddr_in6& plain) {
  if (plain.sin6_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &plain, sizeof v4);
    return boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  boost::asio::ip::address_v6::bytes_type octets{};
  std::memcpy(octets.data(), &plain.sin6_addr, octets.size());
  const boost::asio::ip::address_v6 v6(octets);
  if (!v6.is_v4_mapped()) return v6;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6);
}

}  // namespace

std::string upstream_name(const SocketAddress& server, std::size_t number,
                          std::size_t count) {
  return '<' + to_text(server) + "|upstream " + std::to_string(number) +
         " of " + std::to_string(count) + '>';
}

std::string with_names(std::string_view text, UpstreamNames names) {
  std::string named;
  while (true) {
    const auto start = text.find('<');
    const auto middle = text.find('|', start);
    const auto end = text.find('>', middle);
    if (end == std::string_view::npos) return named.append(text);
    named += text.substr(0, start);
    named += names == UpstreamNames::kAddresses
                 ? text.substr(start + 1, middle - start - 1)
                 : text.substr(middle + 1, end - middle - 1);
    text.remove_prefix(end + 1);
  }
}

UpstreamNames UpstreamNaming::for_client(const sockaddr_in6& client) const {
  if (mode == Mode::kAlways) return UpstreamNames::kAddresses;
  if (mode == Mode::kNever) return UpstreamNames::kNumbers;
  const Address address = address_in(client);
  const bool is_ours = address.is_loopback() ||
                       std::find(own.begin(), own.end(), address) != own.end();
  return is_ours ? UpstreamNames::kAddresses : UpstreamNames::kNumbers;
}

ExtendedError UpstreamNaming::told(ExtendedError error,
                                   const sockaddr_in6& client) const {
  error.text = with_names(error.text, for_client(client));
  return error;
}

}  // namespace canopy
