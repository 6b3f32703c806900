// Answers about the server itself, and refusals that do not depend on the name.
// On one worker's thread.
#pragma once

#include <string>
#include <string_view>

#include "server/answer/said.h"
#include "server/net/arrival.h"
#include "server/plan/plan.h"
#include "zones/message_writer.h"
#include "zones/query.h"

namespace canopy {

class OwnAnswers {
 public:
  // The arguments are the answers to version.bind and hostname.bind.
  OwnAnswers(std::string version, std::string hostname)
      : version_(std::move(version)), hostname_(std::move(hostname)) {}

  // Answers unknown EDNS versions, class CH, other classes and transfers.  Null
  // means that the name must be looked up.
  const Said* find(const Query& query, const Listener& listener) {
    const bool is_plain = query.qclass == RrClass::kIn &&
                          query.qtype != RrType::kAxfr &&
                          query.qtype != RrType::kIxfr &&
                          (!query.edns || query.edns->version == 0);
    return is_plain ? nullptr : &find_odd(query, listener);
  }
  // An answer without records.  `error` must outlive the returned value.
  const Said& rcode(Rcode rcode, const Query& query, const Listener& listener,
                    const ExtendedError* error = nullptr);
  // The client's address and port, in the additional section.
  const Said& whoami(const Query& query, const Arrival& arrival);
  // An empty answer with TC, no longer than the query, so that the client
  // retries over TCP.
  const Said& over_tcp(const Query& query, const Listener& listener);

 private:
  const Said& find_odd(const Query& query, const Listener& listener);
  const Said& chaos(const Query& query, const Listener& listener);
  // Adds a TXT record if the client asked for its type.
  void add_text(const Query& query, std::string_view text);

  const std::string version_;
  const std::string hostname_;
  MessageWriter writer_;
  Said said_;
};

}  // namespace canopy
