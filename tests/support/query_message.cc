#include "tests/support/query_message.h"

#include <sstream>
#include <stdexcept>

#include "tests/support/raw_message.h"
#include "zones/message_reader.h"

namespace canopy::test {
namespace {

// "+edns=4096" -> 4096, "+edns" -> `missing`.
unsigned number_of(const std::string& word, unsigned missing) {
  const std::size_t at = word.find('=');
  if (at == std::string::npos) return missing;
  return static_cast<unsigned>(std::stoul(word.substr(at + 1)));
}

Edns& edns_of(Query& query) {
  if (!query.edns) query.edns = Edns{.udp_size = 1232};
  return *query.edns;
}

void set_from(const std::string& word, Query& query) {
  const std::string name = word.substr(0, word.find('='));
  if (name == "+edns") {
    edns_of(query).udp_size = static_cast<std::uint16_t>(number_of(word, 1232));
  } else if (name == "+version") {
    edns_of(query).version = static_cast<std::uint8_t>(number_of(word, 1));
  } else if (name == "+nsid") {
    edns_of(query).asks_nsid = true;
  } else if (name == "+do") {
    edns_of(query).dnssec_ok = true;
  } else if (name == "+cd") {
    query.checking_disabled = true;
  } else if (name == "+ad") {
    query.authentic_data = true;
  } else if (name == "+norec") {
    query.recursion_desired = false;
  } else if (name == "+ch") {
    query.qclass = RrClass::kCh;
  } else if (name == "+class") {
    query.qclass = RrClass(static_cast<std::uint16_t>(number_of(word, 1)));
  } else if (name == "+id") {
    query.id = static_cast<std::uint16_t>(number_of(word, 0));
  } else {
    throw std::invalid_argument("not a query option: " + word);
  }
}

}  // namespace

Query query_from_text(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string name;
  std::string type;
  words >> name >> type;
  const auto qname = Name::from_text(name);
  const auto qtype = rr_type_from_text(type);
  if (!qname || !qtype) {
    throw std::invalid_argument("not a question: " + std::string(text));
  }
  Query query;
  query.id = 0x1234;
  query.recursion_desired = true;
  query.qname = *qname;
  query.qtype = *qtype;
  for (std::string word; words >> word;) set_from(word, query);
  return query;
}

Octets query_message(const Query& query) {
  unsigned flags = 0;
  if (query.recursion_desired) flags |= flag::kRd;
  if (query.authentic_data) flags |= flag::kAd;
  if (query.checking_disabled) flags |= flag::kCd;
  Octets message;
  for (const std::size_t field :
       {std::size_t{query.id}, std::size_t{flags}, std::size_t{1},
        std::size_t{0}, std::size_t{0}, std::size_t{query.edns ? 1U : 0U}}) {
    append16(message, field);
  }
  const auto qname = query.qname.wire();
  message.insert(message.end(), qname.begin(), qname.end());
  append16(message, static_cast<std::size_t>(query.qtype));
  append16(message, static_cast<std::size_t>(query.qclass));
  if (!query.edns) return message;
  message.push_back(0);
  append16(message, static_cast<std::size_t>(RrType::kOpt));
  append16(message, query.edns->udp_size);
  append16(message, query.edns->version);
  append16(message, query.edns->dnssec_ok ? 0x8000 : 0);
  append16(message, query.edns->asks_nsid ? 4 : 0);
  if (!query.edns->asks_nsid) return message;
  append16(message, 3);  // RFC 5001 2.1
  append16(message, 0);
  return message;
}

Octets query_message(std::string_view text) {
  return query_message(query_from_text(text));
}

}  // namespace canopy::test
