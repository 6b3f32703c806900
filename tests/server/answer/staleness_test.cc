#include "server/answer/staleness.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>

#include "kubewatch/cluster/cluster_records.h"
#include "tests/support/cluster_zone.h"
#include "zones/zone_store.h"

namespace canopy::test {
namespace {

// Returns "3", "19" or nothing.
std::string said_with(const std::string& name, Rcode rcode) {
  ZoneStore store(kube::cluster_zones(record_options()), 1);
  ZoneStore::Reader reader(store);
  const Name qname = *Name::from_text(name);
  const Zone* zone = reader.current().closest_to(qname);
  REQUIRE(zone != nullptr);
  const ExtendedError* error = staleness(*zone, qname, rcode);
  return error == nullptr ? "" : std::to_string(int(error->code));
}

}  // namespace

TEST_CASE("answers made of objects are stale, answers of the domain are not") {
  struct Row {
    const char* name;
    const char* code;  // for an answer; a denial has 19 instead of 3
  };
  for (const Row& row : {
           Row{"web.a.svc.cluster.local.", "3"},
           Row{"_http._tcp.web.a.SVC.cluster.local.", "3"},
           Row{"a.svc.cluster.local.", "3"},
           Row{"10-0-0-1.a.pod.cluster.local.", "3"},
           Row{"ns.dns.cluster.local.", "3"},
           Row{"1.0.0.10.in-addr.arpa.", "3"},
           Row{"svc.cluster.local.", ""},
           Row{"cluster.local.", ""},
           Row{"dns-version.cluster.local.", ""},
           Row{"x.cluster.local.", ""},
           Row{"www.example.com.cluster.local.", ""},
       }) {
    CAPTURE(row.name);
    CHECK(said_with(row.name, Rcode::kNoError) == row.code);
    CHECK(said_with(row.name, Rcode::kNxDomain) ==
          (row.code[0] == 0 ? "" : "19"));
  }
}

}  // namespace canopy::test
