// A question that waits for an upstream.  Of use to query_handler*.cc only.
#pragma once

#include <cstdint>
#include <memory>

#include "cache/answer_cache.h"
#include "cache/cache_key.h"
#include "server/query_handler.h"
#include "server/reply.h"
#include "zones/query.h"

namespace canopy {

struct QueryHandler::Pending {
  Query query;  // the client's
  CacheKey key;
  Reply reply;
  StoredAnswer::Origin origin = StoredAnswer::Origin::kUpstream;
  Serial serial = 0;
  // The CNAMEs that led out of the zone; nothing when none did.
  std::unique_ptr<StoredAnswer> chain;
  std::uint64_t upstreams = 0;  // edition
  // The client has a stale answer already, or there is no client.
  bool is_answered = false;
};

}  // namespace canopy
