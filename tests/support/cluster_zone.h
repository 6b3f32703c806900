// The zones of a cluster that is written as text, and queries to them as text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/cluster_text.h"
#include "zones/zone.h"
#include "zones/zone_store.h"

namespace canopy::test {

// Returns a store whose published zones have serial 2, are complete and match
// `text` (tests/support/cluster_text.h).
std::unique_ptr<ZoneStore> cluster_store(
    std::string_view text, const RecordOptions& options = record_options());
// Replaces the objects `before`, which the store holds now, by `after`.
// Returns the serial of the published zones.
Serial replace_cluster(ZoneStore& store, std::string_view before,
                       std::string_view after,
                       const RecordOptions& options = record_options());

// Return the cluster zone alone, or one of the reverse zones.
Zone cluster_zone(std::string_view text,
                  const RecordOptions& options = record_options());
Zone reverse_zone(std::string_view text,
                  const RecordOptions& options = record_options());

// Returns a zone "example." of records in master-file form, one per line.
Zone zone_of_records(std::string_view lines, std::string_view apex = "example");

// Returns the zone's answer to a query such as "db.prod.svc.cluster.local.  A",
// encoded and decoded again, in the form of tests/support/message_text.h.
std::string ask(const Zone& zone, std::string_view question);

}  // namespace canopy::test
