// What the server says of itself, and what it refuses whatever the name.
// On one worker's thread.
#pragma once

#include <string>

#include "server/answer/said.h"
#include "server/plan/plan.h"
#include "zones/message_writer.h"
#include "zones/query.h"

namespace canopy {

class OwnAnswers {
 public:
  // What version.bind and hostname.bind say.
  OwnAnswers(std::string version, std::string hostname)
      : version_(std::move(version)), hostname_(std::move(hostname)) {}

  // To an EDNS version we do not know, to class CH, to other classes and to
  // transfers.  Null: the name is to be looked up.
  const Said* find(const Query& query, const Listener& listener) {
    const bool is_plain = query.qclass == RrClass::kIn &&
                          query.qtype != RrType::kAxfr &&
                          query.qtype != RrType::kIxfr &&
                          (!query.edns || query.edns->version == 0);
    return is_plain ? nullptr : &find_odd(query, listener);
  }
  // No records.  `error` outlives what is said.
  const Said& rcode(Rcode rcode, const Query& query, const Listener& listener,
                    const ExtendedError* error = nullptr);
  // No longer than the question: the client is to come again over TCP.
  const Said& over_tcp(const Query& query, const Listener& listener);

 private:
  const Said& find_odd(const Query& query, const Listener& listener);
  const Said& chaos(const Query& query, const Listener& listener);

  const std::string version_;
  const std::string hostname_;
  MessageWriter writer_;
  Said said_;
};

}  // namespace canopy
