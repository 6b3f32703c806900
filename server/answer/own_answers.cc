#include "server/answer/own_answers.h"

#include "server/net/peer_address.h"

namespace canopy {
namespace {

std::uint16_t recursion(const Listener& listener) {
  return listener.forwards() ? flag::kRa : std::uint16_t{0};
}

}  // namespace

const Said& OwnAnswers::find_odd(const Query& query, const Listener& listener) {
  if (query.edns && query.edns->version != 0) {
    return rcode(Rcode::kBadVers, query, listener);  // RFC 6891 6.1.3
  }
  if (query.qclass == RrClass::kCh) return chaos(query, listener);
  return rcode(Rcode::kRefused, query, listener);
}

const Said& OwnAnswers::rcode(Rcode rcode, const Query& query,
                              const Listener& listener,
                              const ExtendedError* error) {
  said_ = {.answer = empty_answer(query, rcode, recursion(listener), writer_)};
  said_.form.extended_rcode = static_cast<std::uint16_t>(rcode) & 0xFF0;
  said_.form.error = error;
  return said_;
}

const Said& OwnAnswers::over_tcp(const Query& query, const Listener& listener) {
  const auto flags =
      static_cast<std::uint16_t>(flag::kTc | recursion(listener));
  said_ = {.answer = empty_answer(query, Rcode::kNoError, flags, writer_)};
  return said_;
}

// Clients use class CH to identify the server (RFC 4892).
const Said& OwnAnswers::chaos(const Query& query, const Listener& listener) {
  static const Name version_bind = *Name::from_text("version.bind");
  static const Name version_server = *Name::from_text("version.server");
  static const Name hostname_bind = *Name::from_text("hostname.bind");
  static const Name id_server = *Name::from_text("id.server");
  static const Name authors_bind = *Name::from_text("authors.bind");
  const OwnTexts& own = listener.block_for(query.qname).own;
  const Name& name = query.qname;
  writer_.start(query);
  if (name == version_bind || name == version_server) {
    add_text(query, own.version.empty() ? version_ : own.version);
  } else if (name == hostname_bind || name == id_server) {
    add_text(query, hostname_);
  } else if (name == authors_bind && !own.authors.empty()) {
    for (const std::string& author : own.authors) add_text(query, author);
  } else {
    return rcode(Rcode::kRefused, query, listener);
  }
  said_ = {.answer = writer_.finish(Rcode::kNoError, flag::kAa)};
  return said_;
}

void OwnAnswers::add_text(const Query& query, std::string_view text) {
  if (query.qtype != RrType::kTxt && query.qtype != RrType::kAny) return;
  const Record record = txt_record(query.qname, 0, text);
  writer_.add(Section::kAnswer, query.qname, record.type, 0, record.rdata);
}

// As CoreDNS's plugin whoami: the SRV record's owner is "_udp" or "_tcp" before
// the name, its target is the root.
const Said& OwnAnswers::whoami(const Query& query, const Arrival& arrival) {
  const sockaddr_in6& client = arrival.peer.address;
  const bool is_udp = arrival.transport == Transport::kUdp;
  const auto owner = query.qname.child(is_udp ? "_udp" : "_tcp");
  writer_.start(query);
  const Record address = address_record(query.qname, 0, ip_of(client));
  writer_.add(Section::kAdditional, query.qname, address.type, 0,
              address.rdata);
  if (owner) {  // else the name would be too long
    const Record port =
        srv_record(*owner, 0, {.port = port_of(client)}, Name());
    writer_.add(Section::kAdditional, *owner, port.type, 0, port.rdata);
  }
  said_ = {.answer = writer_.finish(Rcode::kNoError, flag::kAa)};
  return said_;
}

}  // namespace canopy
