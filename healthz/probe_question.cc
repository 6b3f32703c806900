#include "healthz/probe_question.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <random>
#include <string_view>

#include "zones/ldns_wrapper.h"
#include "zones/octets.h"
#include "zones/rr_types.h"

namespace canopy {
namespace {

using Packet = std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)>;

Packet packet_from(std::span<const std::uint8_t> reply) {
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, reply.data(), reply.size()) != LDNS_STATUS_OK) {
    packet = nullptr;
  }
  return {packet, &ldns_pkt_free};
}

// ldns keeps names uncompressed in wire form.
bool is_name(const ldns_rdf* owner, NameView name) {
  if (owner == nullptr) return false;
  const auto held =
      Name::from_wire({ldns_rdf_data(owner), ldns_rdf_size(owner)});
  return held && held->view() == name;
}

bool is_question(const ldns_pkt& packet, NameView name, RrClass qclass) {
  const ldns_rr_list* questions = ldns_pkt_question(&packet);
  if (ldns_rr_list_rr_count(questions) != 1) return false;
  const ldns_rr* question = ldns_rr_list_rr(questions, 0);
  return ldns_rr_get_type(question) == LDNS_RR_TYPE_TXT &&
         ldns_rr_get_class(question) == static_cast<ldns_rr_class>(qclass) &&
         is_name(ldns_rr_owner(question), name);
}

// True for a single character-string (RFC 1035 3.3.14) with this text, or with
// any text if `wanted` is empty.
bool says(const ldns_rr* record, std::string_view wanted) {
  if (ldns_rr_rd_count(record) != 1) return false;
  const ldns_rdf* text = ldns_rr_rdf(record, 0);
  const std::span octets(ldns_rdf_data(text), ldns_rdf_size(text));
  if (octets.size() < 2 || octets.size() != 1u + octets[0]) return false;
  return wanted.empty() || std::equal(wanted.begin(), wanted.end(),
                                      octets.begin() + 1, octets.end());
}

bool has_text(const ldns_pkt& packet, NameView name, std::string_view wanted) {
  const ldns_rr_list* answers = ldns_pkt_answer(&packet);
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(answers); ++i) {
    const ldns_rr* record = ldns_rr_list_rr(answers, i);
    if (ldns_rr_get_type(record) == LDNS_RR_TYPE_TXT &&
        is_name(ldns_rr_owner(record), name) && says(record, wanted)) {
      return true;
    }
  }
  return false;
}

}  // namespace

ProbeQuestion ProbeQuestion::cluster_version(const Name& domain) {
  return {domain.child("dns-version").value(), RrClass::kIn, "1.1.0"};
}

ProbeQuestion ProbeQuestion::server_version() {
  return {*Name::from_text("version.bind"), RrClass::kCh, {}};
}

std::string ProbeQuestion::to_text() const {
  return name_.to_text() + (qclass_ == RrClass::kCh ? " CH TXT" : " TXT");
}

std::vector<std::uint8_t> ProbeQuestion::message(std::uint16_t id) const {
  constexpr std::size_t kHeader = 12;
  const std::array<std::uint8_t, 4> type_and_class{
      0, static_cast<std::uint8_t>(RrType::kTxt), 0,
      static_cast<std::uint8_t>(qclass_)};
  const auto name = name_.wire();
  std::vector<std::uint8_t> octets(kHeader + name.size() +
                                   type_and_class.size());
  store16(octets, 0, id);
  octets[2] = 0x01;  // RD
  octets[5] = 1;     // QDCOUNT
  const auto after =
      std::copy(name.begin(), name.end(), octets.begin() + kHeader);
  std::ranges::copy(type_and_class, after);
  return octets;
}

std::string ProbeQuestion::fault_of(std::span<const std::uint8_t> reply) const {
  const Packet packet = packet_from(reply);
  if (!packet) return "the answer is not a DNS message";
  if (!ldns_pkt_qr(packet.get()) || !is_question(*packet, name_, qclass_)) {
    return "the answer is to another question";
  }
  const auto rcode = static_cast<Rcode>(ldns_pkt_get_rcode(packet.get()));
  if (rcode != Rcode::kNoError) {
    return canopy::to_text(rcode) + " for " + to_text();
  }
  if (!has_text(*packet, name_, text_)) {
    return text_.empty()
               ? "no text in the answer to " + to_text()
               : fmt::format("no \"{}\" in the answer to {}", text_, to_text());
  }
  return {};
}

std::uint16_t random_probe_id() {
  static thread_local std::random_device device;
  return static_cast<std::uint16_t>(device());
}

}  // namespace canopy
