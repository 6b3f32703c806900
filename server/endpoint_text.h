// "10.0.0.1:53" and "[2001:db8::1]:53".
#pragma once

#include <string>

#include "server/option_values.h"

namespace canopy {

inline std::string to_text(const Endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = ":" + std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]" + port
                                    : address + port;
}

}  // namespace canopy
