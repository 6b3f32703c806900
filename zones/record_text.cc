#include "zones/record_text.h"

#include <algorithm>
#include <memory>

#include "zones/ldns_wrapper.h"

namespace canopy {
namespace {

constexpr std::uint32_t kMostTtl = 0x7FFFFFFF;  // RFC 2181 8

struct RecordFree {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
};

// OPT, and the types of questions and signatures of messages (RFC 6895 3.1).
bool is_meta(RrType type) {
  return type == RrType::kName || type == RrType::kOpt ||
         (type >= RrType{128} && type <= RrType::kAny);
}

// Exchanges the words of "a. IN 60 A 192.0.2.1", because ldns reads only the
// TTL before the class.
std::string with_ttl_first(const std::string& text) {
  constexpr std::string_view kBlanks = " \t";
  const auto name = text.find_first_of(kBlanks);
  const auto rr_class = text.find_first_not_of(kBlanks, name);
  const auto blank = text.find_first_of(kBlanks, rr_class);
  const auto ttl = text.find_first_not_of(kBlanks, blank);
  if (ttl == std::string::npos || text[ttl] < '0' || text[ttl] > '9' ||
      text.compare(rr_class, blank - rr_class, "IN") != 0) {
    return text;
  }
  const auto end = std::min(text.find_first_of(kBlanks, ttl), text.size());
  return text.substr(0, rr_class) + text.substr(ttl, end - ttl) + " IN" +
         text.substr(end);
}

}  // namespace

std::optional<Record> record_from_text(const std::string& text) {
  if (text.find('\0') != std::string::npos) return std::nullopt;
  ldns_rr* parsed = nullptr;
  const ldns_status status = ldns_rr_new_frm_str(
      &parsed, with_ttl_first(text).c_str(), kMissingTtl, nullptr, nullptr);
  if (status != LDNS_STATUS_OK) return std::nullopt;
  const std::unique_ptr<ldns_rr, RecordFree> rr(parsed);
  const ldns_rdf* const owner = ldns_rr_owner(rr.get());
  const RrType type{static_cast<std::uint16_t>(ldns_rr_get_type(rr.get()))};
  if (ldns_rr_get_class(rr.get()) != LDNS_RR_CLASS_IN || owner == nullptr ||
      is_meta(type)) {
    return std::nullopt;
  }
  const auto name =
      Name::from_wire({ldns_rdf_data(owner), ldns_rdf_size(owner)});
  if (!name) return std::nullopt;
  Record record{.owner = *name,
                .type = type,
                .ttl = std::min(ldns_rr_ttl(rr.get()), kMostTtl),
                .rdata = {}};
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr.get()); ++i) {
    const ldns_rdf* const field = ldns_rr_rdf(rr.get(), i);
    if (field == nullptr) return std::nullopt;
    const std::uint8_t* const octets = ldns_rdf_data(field);
    record.rdata.insert(record.rdata.end(), octets,
                        octets + ldns_rdf_size(field));
  }
  return record;
}

std::optional<RrType> any_type_from_text(const std::string& text) {
  const auto type =
      static_cast<std::uint16_t>(ldns_get_rr_type_by_name(text.c_str()));
  if (type == 0) return std::nullopt;
  return RrType{type};
}

}  // namespace canopy
