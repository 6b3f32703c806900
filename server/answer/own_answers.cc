#include "server/answer/own_answers.h"

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
  const Name& name = query.qname;
  const bool version = name == version_bind || name == version_server;
  if (!version && !(name == hostname_bind || name == id_server)) {
    return rcode(Rcode::kRefused, query, listener);
  }
  writer_.start(query);
  if (query.qtype == RrType::kTxt || query.qtype == RrType::kAny) {
    const Record record = txt_record(name, 0, version ? version_ : hostname_);
    writer_.add(Section::kAnswer, name, record.type, record.ttl, record.rdata);
  }
  said_ = {.answer = writer_.finish(Rcode::kNoError, flag::kAa)};
  return said_;
}

}  // namespace canopy
