// The zones of a cluster written as text, and questions to them as text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/cluster_text.h"
#include "zones/zone.h"
#include "zones/zone_store.h"

namespace canopy::test {

// A store whose published set, of serial 2, is complete and says what `text`
// describes (tests/support/cluster_text.h).
std::unique_ptr<ZoneStore> cluster_store(
    std::string_view text, const RecordOptions& options = record_options());
// Replaces what the store says by `after`; `before` is what it says now.
// Returns the serial it is published with.
Serial replace_cluster(ZoneStore& store, std::string_view before,
                       std::string_view after,
                       const RecordOptions& options = record_options());

// The cluster zone alone, and one of the reverse zones.
Zone cluster_zone(std::string_view text,
                  const RecordOptions& options = record_options());
Zone reverse_zone(std::string_view text,
                  const RecordOptions& options = record_options());

// A zone "example." of records in master-file form, a line each.
Zone zone_of_records(std::string_view lines, std::string_view apex = "example");

// What the zone says to "db.prod.svc.cluster.local. A", encoded and read
// again, in the form of tests/support/message_text.h.
std::string ask(const Zone& zone, std::string_view question);

}  // namespace canopy::test
