#include "server/config/resolv_conf.h"

#include <algorithm>
#include <sstream>

namespace canopy {

ResolvConf parse_resolv_conf(std::string_view text) {
  ResolvConf conf;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    // "Lines that contain a semicolon or hash character in the first column are
    // treated as comments."  Comments need no extra check, because their first
    // word is not a keyword.
    std::istringstream words(line);
    std::string keyword;
    std::string value;
    if (!(words >> keyword >> value) || keyword != "nameserver") continue;
    boost::system::error_code error;
    const Address address = boost::asio::ip::make_address(value, error);
    // "0.0.0.0" means this host, as in glibc.
    if (error || lacks_zone(address) || address.is_multicast()) {
      conf.ignored.push_back(value);
      continue;
    }
    const SocketAddress endpoint(address, 53);
    const auto& known = conf.nameservers;
    if (std::find(known.begin(), known.end(), endpoint) == known.end()) {
      conf.nameservers.push_back(endpoint);
    }
  }
  return conf;
}

}  // namespace canopy
