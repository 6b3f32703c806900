// The directives health, ready and prometheus.  Each adds an HTTP listener with
// all pages.
#include <algorithm>

#include "server/config/corefile_directives.h"
#include "server/config/corefile_words.h"

namespace canopy {
namespace {

// Parses "10.0.0.1:8080", "[::1]:8080", "localhost:8080" or ":8080".
HttpAddress http_address_value(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) {
    throw ConfigurationError(
        "has no port; give an address such as :8080 or 10.0.0.1:8080");
  }
  const std::uint16_t port = port_value(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  // Go listens for IPv4 too on [::].
  if (host.empty() || host == "::") return {.port = port};
  if (host == "localhost") host = "127.0.0.1";
  return {.addresses = {address_value(host)}, .port = port};
}

bool covers(const Address& wide, const Address& narrow) {
  return wide == narrow ||
         (wide.is_unspecified() && wide.is_v4() == narrow.is_v4());
}

void add_address(const Address& address, std::vector<Address>& addresses) {
  const auto is_wider = [&](const Address& a) { return covers(a, address); };
  if (std::ranges::any_of(addresses, is_wider)) return;
  std::erase_if(addresses,
                [&](const Address& a) { return covers(address, a); });
  addresses.push_back(address);
}

// One listener a port.  A wildcard replaces single addresses, because both
// cannot be bound.
void add_listener(const HttpAddress& added, std::vector<HttpAddress>& all) {
  const auto same = std::ranges::find(all, added.port, &HttpAddress::port);
  if (same == all.end() || added.port == 0) return all.push_back(added);
  if (same->addresses.empty()) return;
  if (added.addresses.empty()) return same->addresses.clear();
  for (const Address& address : added.addresses) {
    add_address(address, same->addresses);
  }
}

void read_http(const CorefileLine& line, CorefileReading& reading,
               const HttpAddress& usual) {
  require_arguments(line, {0, 1});
  const HttpAddress address = line.words.size() == 1
                                  ? usual
                                  : value_of(line.words[1], http_address_value);
  add_listener(address, reading.settings.http);
}

void read_lameduck(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, 1});
  const auto time = value_of(line.words[1], go_duration_value);
  reading.lameduck = std::max(reading.lameduck.value_or(time), time);
}

void read_monitor(const CorefileLine& line, CorefileReading&) {
  require_arguments(line, {1, 1});
  if (line.words[1].text == "until-ready") return;
  throw ConfigurationError(
      "\"" + line.words[1].text +
      "\" is not supported: /ready stays 200 after the first full list, so "
      "that an outage of the API server does not stop DNS; write until-ready");
}

constexpr CorefileRow kHealthRows[] = {
    {.name = "lameduck", .read = read_lameduck},
};
constexpr CorefileRow kReadyRows[] = {
    {.name = "monitor", .read = read_monitor},
};
constexpr CorefileRow kPrometheusRows[] = {
    {.name = "runtime_metrics",
     .why_not = "is not supported: it is about Go; remove the line"},
    {.name = "tls",
     .why_not = "is not supported: metrics are only served over plain HTTP; "
                "remove the line"},
};

}  // namespace

const CorefileTable kHealthOptions{kHealthRows};
const CorefileTable kReadyOptions{kReadyRows};
const CorefileTable kPrometheusOptions{kPrometheusRows};

void read_health(const CorefileLine& line, CorefileReading& reading) {
  read_http(line, reading, {.port = 8080});
}

void read_ready(const CorefileLine& line, CorefileReading& reading) {
  read_http(line, reading, {.port = 8181});
}

void read_prometheus(const CorefileLine& line, CorefileReading& reading) {
  read_http(line, reading,
            {.addresses = {address_value("127.0.0.1")}, .port = 9153});
}

}  // namespace canopy
