#include "server/config/text_values.h"

#include <algorithm>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/system/error_code.hpp>
#include <charconv>
#include <limits>
#include <optional>

namespace canopy {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// Removes the digits at the start of `text` and returns their value.
std::optional<std::uint64_t> take_digits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto value = digits(text.substr(0, end));
  text.remove_prefix(end);
  return value;
}

// Removes the unit at the start of `text` and returns its milliseconds; 0:
// none.
std::uint64_t take_unit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    std::uint64_t milliseconds;
  };
  for (const Unit& unit : {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                           Unit{"h", 3'600'000}}) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return unit.milliseconds;
  }
  return 0;
}

bool is_label_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

std::uint64_t number_value(std::string_view text, NumberRange range) {
  const auto value = digits(text);
  if (value && *value >= range.least && *value <= range.most) return *value;
  throw ConfigurationError("is not a number from " +
                           std::to_string(range.least) + " to " +
                           std::to_string(range.most));
}

std::uint16_t port_value(std::string_view text) {
  const auto value = digits(text);
  if (value && *value <= 65535) return static_cast<std::uint16_t>(*value);
  throw ConfigurationError("is not a port; give a number from 0 to 65535");
}

bool boolean_value(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  throw ConfigurationError("is neither true nor false");
}

std::chrono::milliseconds duration_value(std::string_view text) {
  constexpr std::uint64_t kMost = 24ull * 3'600'000;
  std::uint64_t total = 0;
  bool good = !text.empty();
  while (good && !text.empty()) {
    const auto count = take_digits(text);
    const std::uint64_t unit = take_unit(text);
    good = count && unit != 0 && *count <= kMost / unit;
    if (good) total += *count * unit;
  }
  if (good && total <= kMost) return std::chrono::milliseconds(total);
  throw ConfigurationError(
      "is not a duration; give a number with a unit (ms, s, m or h) of at most "
      "a day, such as 2s or 500ms");
}

std::uint64_t size_value(std::string_view text) {
  std::string_view rest = text;
  const auto count = take_digits(rest);
  unsigned shift = 0;
  bool good = count.has_value();
  if (good && !rest.empty()) {
    const auto unit = std::string_view("KMG").find(rest.front());
    good = unit != std::string_view::npos;
    shift = good ? 10 * (static_cast<unsigned>(unit) + 1) : 0;
    rest.remove_prefix(1);
    good = good && (rest.empty() || rest == "i" || rest == "iB" || rest == "B");
  }
  if (good &&
      *count <= (std::numeric_limits<std::uint64_t>::max() >> 1 >> shift)) {
    return *count << shift;
  }
  throw ConfigurationError(
      "is not a size; give octets, or a number with K, M or G, "
      "such as 32M");
}

Address address_value(std::string_view text) {
  boost::system::error_code error;
  Address address = boost::asio::ip::make_address(std::string(text), error);
  if (!error) return address;
  throw ConfigurationError("is not an IP address");
}

SocketAddress server_value(std::string_view text) {
  return server_on_port_value(text, 53);
}

SocketAddress server_on_port_value(std::string_view text,
                                   std::uint16_t default_port) {
  const char* const kWhat =
      "is not a server; give an IP address, IP:port or [IPv6]:port";
  std::string_view address = text;
  std::optional<std::uint64_t> port = default_port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) throw ConfigurationError(kWhat);
    address = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (address.find(':') == std::string_view::npos)
      throw ConfigurationError(kWhat);
    if (!rest.empty()) {
      if (rest.front() != ':') throw ConfigurationError(kWhat);
      port = digits(rest.substr(1));
    }
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    const auto colon = text.find(':');
    address = text.substr(0, colon);
    port = digits(text.substr(colon + 1));
  }
  boost::system::error_code error;
  const Address parsed =
      boost::asio::ip::make_address(std::string(address), error);
  if (error) throw ConfigurationError(kWhat);
  if (!port || *port < 1 || *port > 65535) {
    throw ConfigurationError("has no port from 1 to 65535 after the address");
  }
  if (parsed.is_unspecified() || parsed.is_multicast()) {
    throw ConfigurationError("is not a unicast address");
  }
  if (lacks_zone(parsed)) {
    throw ConfigurationError(
        "is a link-local address; name an interface of this machine after it, "
        "such as fe80::53%eth0");
  }
  return {parsed, static_cast<std::uint16_t>(*port)};
}

std::string url_value(std::string_view text) {
  if (text.starts_with("https://") || text.starts_with("http://")) {
    return std::string(text);
  }
  throw ConfigurationError(
      "is not a URL; give one such as https://10.0.0.1:6443");
}

Network network_value(std::string_view text) {
  const auto slash = text.find('/');
  const auto prefix = slash == std::string_view::npos
                          ? std::nullopt
                          : digits(text.substr(slash + 1));
  boost::system::error_code error;
  const Address address =
      boost::asio::ip::make_address(std::string(text.substr(0, slash)), error);
  if (error || !prefix || *prefix > (address.is_v4() ? 32U : 128U)) {
    throw ConfigurationError("is not a network; give one such as 10.96.0.0/12");
  }
  const auto bits = static_cast<unsigned short>(prefix.value());
  const Address first =
      address.is_v4()
          ? Address(boost::asio::ip::network_v4(address.to_v4(), bits)
                        .canonical()
                        .address())
          : Address(boost::asio::ip::network_v6(address.to_v6(), bits)
                        .canonical()
                        .address());
  if (first != address) {
    throw ConfigurationError("has bits set after its prefix; write " +
                             first.to_string() + "/" + std::to_string(*prefix));
  }
  return {address, static_cast<unsigned>(*prefix)};
}

Name domain_value(std::string_view text) {
  const std::string_view bare =
      text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  const bool plain =
      !bare.empty() && std::all_of(bare.begin(), bare.end(), [](char c) {
        return is_label_octet(c) || c == '.';
      });
  const auto name = plain ? Name::from_text(bare) : std::nullopt;
  if (name) return *name;
  throw ConfigurationError(
      "is not a domain name; give one such as cluster.local");
}

std::string duration_text(std::chrono::milliseconds duration) {
  const auto milliseconds = duration.count();
  return milliseconds % 1000 == 0 ? std::to_string(milliseconds / 1000) + "s"
                                  : std::to_string(milliseconds) + "ms";
}

std::string size_text(std::uint64_t octets) {
  constexpr std::string_view kUnits = "KMG";
  std::size_t unit = 0;
  while (unit < kUnits.size() && octets != 0 && octets % 1024 == 0) {
    octets /= 1024;
    ++unit;
  }
  const std::string count = std::to_string(octets);
  return unit == 0 ? count : count + kUnits[unit - 1];
}

std::string domain_text(const Name& domain) {
  std::string text = domain.to_text();
  if (text.size() > 1) text.pop_back();
  return text;
}

std::vector<std::string> list_items(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const auto comma = text.find(',');
    const std::string_view item = trimmed(text.substr(0, comma));
    if (item.empty()) {
      throw ConfigurationError(
          "has an empty item; separate items with one comma");
    }
    items.emplace_back(item);
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace canopy
