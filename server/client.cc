#include "server/client.h"

#include <cstring>

namespace canopy {
namespace {

// The first `size` octets as a number.
std::uint64_t number_of(const void* octets, std::size_t size) {
  const auto* const from = static_cast<const std::uint8_t*>(octets);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number = number << 8 | from[i];
  return number;
}

}  // namespace

Client client_of(const sockaddr_in6& address) {
  if (address.sin6_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return Client(number_of(&v4.sin_addr, 4));
  }
  const std::uint8_t* const octets = address.sin6_addr.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    return Client(number_of(octets + 12, 4));
  }
  return Client(number_of(octets, 8));
}

Client client_of(const Address& address) {
  const Endpoint endpoint(address, 0);
  sockaddr_in6 plain{};
  std::memcpy(&plain, endpoint.data(), endpoint.size());
  return client_of(plain);
}

}  // namespace canopy
