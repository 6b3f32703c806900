#include "tests/support/oracle.h"

#include <array>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "tests/support/message_text.h"
#include "tests/support/raw_message.h"
#include "zones/ldns_wrapper.h"
#include "zones/message_reader.h"

namespace canopy::test {
namespace {

struct LdnsFree {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
  void operator()(void* memory) const { free(memory); }
};
template <typename T>
using Owned = std::unique_ptr<T, LdnsFree>;

std::string rdf_text(const ldns_rdf* field) {
  const Owned<char> text(ldns_rdf2str(field));
  return text ? text.get() : "?";
}

std::string rr_text(const ldns_rr* rr) {
  std::string text = rdf_text(ldns_rr_owner(rr)) + ' ' +
                     std::to_string(ldns_rr_ttl(rr)) + " IN " +
                     to_text(RrType(ldns_rr_get_type(rr)));
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    text += ' ' + rdf_text(ldns_rr_rdf(rr, i));
  }
  return text;
}

std::string section_text(const ldns_rr_list* list, std::string_view heading) {
  std::string text;
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
    text += rr_text(ldns_rr_list_rr(list, i)) + '\n';
  }
  return text.empty() ? text : std::string(heading) + text;
}

void store16(Octets& octets, std::size_t at, std::size_t value) {
  octets[at] = static_cast<std::uint8_t>(value >> 8);
  octets[at + 1] = static_cast<std::uint8_t>(value);
}

Owned<ldns_rr> parse_rr(std::string_view line) {
  ldns_rr* rr = nullptr;
  if (ldns_rr_new_frm_str(&rr, std::string(line).c_str(), 0, nullptr,
                          nullptr) != LDNS_STATUS_OK) {
    throw std::invalid_argument("not a record: " + std::string(line));
  }
  return Owned<ldns_rr>(rr);
}

Octets wire_of(const ldns_rr* rr) {
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  if (ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &size) != LDNS_STATUS_OK) {
    throw std::invalid_argument("ldns cannot write this record");
  }
  const Owned<std::uint8_t> owned(wire);
  return Octets(wire, wire + size);
}

Octets compressed(const Octets& message) {
  ldns_pkt* parsed = nullptr;
  if (ldns_wire2pkt(&parsed, message.data(), message.size()) !=
      LDNS_STATUS_OK) {
    throw std::invalid_argument("ldns cannot read this message");
  }
  const Owned<ldns_pkt> packet(parsed);
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  if (ldns_pkt2wire(&wire, packet.get(), &size) != LDNS_STATUS_OK) {
    throw std::invalid_argument("ldns cannot write this message");
  }
  const Owned<std::uint8_t> owned(wire);
  return Octets(wire, wire + size);
}

// "NXDOMAIN aa ra tc" -> header flags.
std::uint16_t flags_from_text(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  unsigned flags = flag::kQr;
  for (unsigned rcode = 0; rcode < 16; ++rcode) {
    if (to_text(Rcode(rcode)) == word) flags |= rcode;
  }
  while (words >> word) {
    for (const std::uint16_t bit :
         {flag::kAa, flag::kTc, flag::kRd, flag::kRa, flag::kAd, flag::kCd}) {
      if (flags_text(bit) == ' ' + word) flags |= bit;
    }
  }
  return static_cast<std::uint16_t>(flags);
}

bool is_status_line(const std::string& line) {
  return !line.empty() && line.find(" IN ") == std::string::npos &&
         line[0] != ';';
}

std::string_view trimmed(std::string_view line) {
  const std::size_t first = line.find_first_not_of(' ');
  return first == std::string_view::npos ? "" : line.substr(first);
}

}  // namespace

std::string oracle_text(std::span<const std::uint8_t> message) {
  ldns_pkt* parsed = nullptr;
  if (ldns_wire2pkt(&parsed, message.data(), message.size()) !=
      LDNS_STATUS_OK) {
    return "malformed";
  }
  const Owned<ldns_pkt> owned(parsed);
  const ldns_pkt* packet = owned.get();
  const Rcode rcode{static_cast<std::uint16_t>(
      ldns_pkt_edns_extended_rcode(packet) << 4 | ldns_pkt_get_rcode(packet))};
  return to_text(rcode) + (ldns_pkt_aa(packet) ? " aa" : "") +
         (ldns_pkt_tc(packet) ? " tc" : "") +
         (ldns_pkt_rd(packet) ? " rd" : "") +
         (ldns_pkt_ra(packet) ? " ra" : "") +
         (ldns_pkt_ad(packet) ? " ad" : "") +
         (ldns_pkt_cd(packet) ? " cd" : "") + '\n' +
         section_text(ldns_pkt_answer(packet), "") +
         section_text(ldns_pkt_authority(packet), "; authority\n") +
         section_text(ldns_pkt_additional(packet), "; additional\n");
}

Record record_from_text(std::string_view line) {
  const Owned<ldns_rr> rr = parse_rr(line);
  const Octets wire = wire_of(rr.get());
  const Name owner = *Name::from_wire(wire);
  const auto rdata =
      wire.begin() + static_cast<std::ptrdiff_t>(owner.size() + 10);
  return {owner, RrType(ldns_rr_get_type(rr.get())), ldns_rr_ttl(rr.get()),
          Octets(rdata, wire.end())};
}

Octets upstream_message(const Query& query, std::string_view text) {
  Octets message(kHeaderSize);
  store16(message, 2, flag::kQr | flag::kRd | flag::kRa);
  store16(message, 4, 1);
  const auto qname = query.qname.wire();
  message.insert(message.end(), qname.begin(), qname.end());
  append16(message, static_cast<std::size_t>(query.qtype));
  append16(message, static_cast<std::size_t>(query.qclass));
  std::array<std::size_t, 3> counts{};
  std::size_t section = 0;
  std::istringstream lines{std::string(text)};
  for (std::string raw; std::getline(lines, raw);) {
    const std::string line(trimmed(raw));
    if (line.empty()) continue;
    if (is_status_line(line)) {
      store16(message, 2, flags_from_text(line));
    } else if (line == "; authority" || line == "; additional") {
      section = line == "; authority" ? 1 : 2;
    } else {
      const Octets rr = wire_of(parse_rr(line).get());
      message.insert(message.end(), rr.begin(), rr.end());
      ++counts[section];
    }
  }
  for (std::size_t i = 0; i < 3; ++i) store16(message, 6 + 2 * i, counts[i]);
  return compressed(message);
}

}  // namespace canopy::test
