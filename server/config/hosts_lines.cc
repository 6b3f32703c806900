#include "server/config/hosts_lines.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "healthz/configuration_error.h"
#include "zones/rrset.h"

namespace canopy {
namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";

// Removes the first word from `line`; empty at the end of the line.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

// Returns an IPv4 address for "::ffff:10.0.0.1", as it means that.
IpAddress plain(const IpAddress& address) {
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0,    0,
                                                        0, 0, 0, 0, 0xFF, 0xFF};
  const Ipv6* const v6 = std::get_if<Ipv6>(&address);
  if (v6 == nullptr) return address;
  if (!std::equal(kMapped.begin(), kMapped.end(), v6->data())) return address;
  return Ipv4{(*v6)[12], (*v6)[13], (*v6)[14], (*v6)[15]};
}

// "fe80::1%eth0" is the address without its zone.
std::optional<IpAddress> address_of(std::string_view word) {
  const auto address = ip_from_text(word.substr(0, word.find('%')));
  if (!address) return std::nullopt;
  return plain(*address);
}

// Names are in lower case, because PTR records contain them.
std::optional<Name> name_of(std::string_view word) {
  std::string text(word);
  std::ranges::transform(text, text.begin(), [](char letter) {
    return static_cast<char>(fold(static_cast<std::uint8_t>(letter)));
  });
  return Name::from_text(text);
}

class Reader {
 public:
  explicit Reader(const HostsLineRules& rules) : rules_(rules) {}

  // `line` is without its comment.
  void take(std::string_view line, std::size_t number) {
    const std::string_view first = take_word(line);
    if (first.empty()) return;
    if (!take_names(line, address_of(first))) note_bad(number);
  }

  HostsLines lines() { return std::move(lines_); }

 private:
  // False when there is no address, no name, or a bad name.  The line's other
  // names count.
  bool take_names(std::string_view line,
                  const std::optional<IpAddress>& address) {
    if (!address) return false;
    std::string_view word = take_word(line);
    bool is_good = !word.empty();
    for (; !word.empty(); word = take_word(line)) {
      const auto name = name_of(word);
      if (name) add(*name, *address);
      is_good = is_good && name;
    }
    return is_good;
  }

  void note_bad(std::size_t number) {
    if (lines_.bad_lines++ == 0) lines_.first_bad_line = number;
  }

  void add(const Name& name, const IpAddress& address) {
    const auto contains = [&name](const Name& domain) {
      return name.view().is_subdomain_of(domain);
    };
    if (!rules_.domains.empty() &&
        std::ranges::none_of(rules_.domains, contains)) {
      return;
    }
    if (++lines_.names > kMostHostsNames) {
      throw ConfigurationError("has more than " +
                               std::to_string(kMostHostsNames) + " names");
    }
    lines_.records.push_back(address_record(name, rules_.ttl, address));
    const bool is_wildcard =
        !name.view().is_root() && name.view().first_label() == "*";
    if (!rules_.reverse || is_wildcard) return;
    lines_.records.push_back(
        name_record(reverse_name(address), RrType::kPtr, rules_.ttl, name));
  }

  const HostsLineRules& rules_;
  HostsLines lines_;
};

}  // namespace

HostsLines read_hosts_lines(std::string_view text,
                            const HostsLineRules& rules) {
  Reader reader(rules);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    reader.take(line.substr(0, line.find('#')), number);
  }
  return reader.lines();
}

}  // namespace canopy
