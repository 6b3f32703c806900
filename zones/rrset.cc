#include "zones/rrset.h"

#include <arpa/inet.h>

#include <memory>

#include "zones/ldns_wrapper.h"
#include "zones/octets.h"

namespace canopy {
namespace {

void append(Octets& octets, std::span<const std::uint8_t> more) {
  octets.insert(octets.end(), more.begin(), more.end());
}

struct LdnsFree {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
  void operator()(char* text) const { free(text); }
};

// RFC 3597 5: the text form of rdata that is invalid for its type.
std::string unknown_to_text(std::span<const std::uint8_t> rdata) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "\\# " + std::to_string(rdata.size());
  if (!rdata.empty()) text += ' ';
  for (const std::uint8_t octet : rdata) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 0xF];
  }
  return text;
}

// The rdata in master-file form, by ldns, because ldns knows every type.
std::string rdata_to_text(RrType type, std::span<const std::uint8_t> rdata) {
  if (type == RrType::kWeakPtr) type = RrType::kPtr;
  Octets wire = {0};  // root, type, class, ttl, rdlength, rdata
  append16(wire, static_cast<std::uint16_t>(type));
  append16(wire, static_cast<std::uint16_t>(RrClass::kIn));
  append16(wire, 0);
  append16(wire, 0);
  append16(wire, static_cast<std::uint16_t>(rdata.size()));
  append(wire, rdata);
  ldns_rr* parsed = nullptr;
  std::size_t position = 0;
  if (ldns_wire2rr(&parsed, wire.data(), wire.size(), &position,
                   LDNS_SECTION_ANSWER) != LDNS_STATUS_OK) {
    return unknown_to_text(rdata);
  }
  const std::unique_ptr<ldns_rr, LdnsFree> rr(parsed);
  std::string text;
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr.get()); ++i) {
    const std::unique_ptr<char, LdnsFree> field(
        ldns_rdf2str(ldns_rr_rdf(rr.get(), i)));
    if (!text.empty()) text += ' ';
    if (field) text += field.get();
  }
  return text;
}

}  // namespace

std::optional<IpAddress> ip_from_text(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size()) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  text.copy(buffer.data(), text.size());
  Ipv4 v4;
  if (inet_pton(AF_INET, buffer.data(), v4.data()) == 1) return v4;
  Ipv6 v6;
  if (inet_pton(AF_INET6, buffer.data(), v6.data()) == 1) return v6;
  return std::nullopt;
}

std::string to_text(const IpAddress& address) {
  if (const Ipv4* v4 = std::get_if<Ipv4>(&address)) {
    std::string text;
    for (const std::uint8_t octet : *v4) {
      if (!text.empty()) text += '.';
      text += std::to_string(octet);
    }
    return text;
  }
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const Ipv6& v6 = std::get<Ipv6>(address);
  return inet_ntop(AF_INET6, v6.data(), buffer.data(), buffer.size());
}

Name reverse_name(const IpAddress& address) {
  Name name;
  if (const Ipv4* v4 = std::get_if<Ipv4>(&address)) {
    for (auto octet = v4->rbegin(); octet != v4->rend(); ++octet) {
      name.append(std::to_string(*octet));
    }
    name.append("in-addr");
  } else {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const Ipv6& v6 = std::get<Ipv6>(address);
    for (auto octet = v6.rbegin(); octet != v6.rend(); ++octet) {
      name.append(kDigits.substr(*octet & 0xF, 1));
      name.append(kDigits.substr(*octet >> 4, 1));
    }
    name.append("ip6");
  }
  name.append("arpa");
  return name;
}

Record address_record(const Name& owner, std::uint32_t ttl,
                      const IpAddress& address) {
  Record record{owner, RrType::kA, ttl, {}};
  if (const Ipv4* v4 = std::get_if<Ipv4>(&address)) {
    append(record.rdata, *v4);
  } else {
    record.type = RrType::kAaaa;
    append(record.rdata, std::get<Ipv6>(address));
  }
  return record;
}

Record srv_record(const Name& owner, std::uint32_t ttl, SrvFields fields,
                  NameView target) {
  Record record{owner, RrType::kSrv, ttl, {}};
  record.rdata.reserve(6 + target.size());
  append16(record.rdata, fields.priority);
  append16(record.rdata, fields.weight);
  append16(record.rdata, fields.port);
  append(record.rdata, target.wire());
  return record;
}

Record name_record(const Name& owner, RrType type, std::uint32_t ttl,
                   NameView target) {
  const auto wire = target.wire();
  return {owner, type, ttl, Octets(wire.begin(), wire.end())};
}

Record txt_record(const Name& owner, std::uint32_t ttl, std::string_view text) {
  Record record{owner, RrType::kTxt, ttl, {}};
  do {  // RFC 1035 3.3: character strings of at most 255 octets
    const std::string_view part = text.substr(0, 255);
    record.rdata.push_back(static_cast<std::uint8_t>(part.size()));
    record.rdata.insert(record.rdata.end(), part.begin(), part.end());
    text.remove_prefix(part.size());
  } while (!text.empty());
  return record;
}

std::string to_text(NameView owner, RrType type, std::uint32_t ttl,
                    std::span<const std::uint8_t> rdata) {
  return owner.to_text() + ' ' + std::to_string(ttl) + " IN " + to_text(type) +
         ' ' + rdata_to_text(type, rdata);
}

std::string to_text(const Record& record) {
  return to_text(record.owner, record.type, record.ttl, record.rdata);
}

}  // namespace canopy
