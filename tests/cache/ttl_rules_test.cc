#include "cache/ttl_rules.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/oracle.h"
#include "tests/support/query_message.h"
#include "zones/message_index.h"

using namespace canopy;
using namespace std::chrono_literals;

namespace {

std::optional<std::chrono::seconds> kept(std::string_view message) {
  const Query query = test::query_from_text("www.example. A");
  MessageIndex index;
  REQUIRE(index.read(test::upstream_message(query, message)));
  return time_to_keep(index.answer());
}

std::string soa(unsigned ttl, unsigned minimum) {
  return "; authority\nexample. " + std::to_string(ttl) +
         " IN SOA ns. h. 1 2 3 4 " + std::to_string(minimum) + '\n';
}

std::string cname(std::uint32_t ttl) {
  return "www.example. " + std::to_string(ttl) + " IN CNAME x.\n";
}

std::string address(std::uint32_t ttl) {
  return "www.example. " + std::to_string(ttl) + " IN A 10.0.0.1\n";
}

}  // namespace

TEST_CASE("how long an upstream's answer is kept") {
  struct Row {
    std::string_view what;
    std::string message;
    std::optional<std::chrono::seconds> kept;
  };
  const Row rows[] = {
      {"its TTL", address(60), 60s},
      {"the lowest TTL", address(60) + "www.example. 7 IN A 10.0.0.2\n", 7s},
      {"an hour at most", address(86400), 3600s},
      {"however long it says", address(2147483647), 3600s},
      {"the highest bit is set: 0", address(2147483648), std::nullopt},
      {"all bits are set: 0", address(4294967295), std::nullopt},
      {"one such of several",
       address(60) + "www.example. 4294967295 IN A 10.0.0.2\n", std::nullopt},
      {"such an SOA", "NXDOMAIN\n" + soa(4294967295, 60), std::nullopt},
      {"such a MINIMUM", "NXDOMAIN\n" + soa(60, 4294967295), std::nullopt},
      {"TTL 0 is not kept", address(0), std::nullopt},
      {"one TTL 0 of several", address(60) + "www.example. 0 IN A 10.0.0.2\n",
       std::nullopt},
      {"NXDOMAIN", "NXDOMAIN\n" + soa(60, 30), 30s},
      {"NXDOMAIN, half an hour at most", "NXDOMAIN\n" + soa(86400, 86400),
       1800s},
      {"NODATA", "NOERROR\n" + soa(20, 30), 20s},
      {"NODATA with minimum 0", "NOERROR\n" + soa(20, 0), std::nullopt},
      {"NXDOMAIN without SOA", "NXDOMAIN\n", std::nullopt},
      {"NODATA without SOA", "NOERROR\n", std::nullopt},
      {"NXDOMAIN: the lesser is the SOA's TTL", "NXDOMAIN\n" + soa(20, 300),
       20s},
      {"other sections do not count",
       address(300) + "; authority\nexample. 5 IN NS a.\n", 300s},
      {"a delegation is no SOA",
       "NOERROR\n; authority\nexample. 300 IN NS a.\n", std::nullopt},
      {"a CNAME to nothing", "NXDOMAIN\n" + cname(9) + soa(60, 60), 9s},
      {"a CNAME with a longer TTL", "NXDOMAIN\n" + cname(100) + soa(20, 60),
       20s},
      {"a CNAME to a name without this type", cname(9) + soa(60, 60), 9s},
      {"the same, the SOA's MINIMUM", cname(600) + soa(600, 7), 7s},
      {"the same, half an hour at most", cname(86400) + soa(86400, 86400),
       1800s},
      {"the same without SOA", cname(60), std::nullopt},
      {"the same with servers", cname(60) + "; authority\nx. 60 IN NS a.\n",
       std::nullopt},
      {"truncated", "NOERROR tc\n" + address(60), std::nullopt},
      {"SERVFAIL", "SERVFAIL\n" + soa(60, 60), std::nullopt},
      {"REFUSED", "REFUSED\n", std::nullopt},
      {"FORMERR", "FORMERR\n", std::nullopt},
      {"NOTIMP with records", "NOTIMP\n" + address(60), std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(kept(row.message) == row.kept);
  }
}
