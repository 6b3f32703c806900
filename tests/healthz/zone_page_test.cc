#include "healthz/zone_page.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "zones/zone_store.h"

namespace canopy {
namespace {

Name name(std::string_view text) { return *Name::from_text(text); }

std::vector<ZoneOptions> zones() {
  const auto zone = [](std::string_view apex) {
    return ZoneOptions{.apex = name(apex),
                       .primary = name("ns.dns.cluster.local"),
                       .responsible = name("hostmaster.cluster.local")};
  };
  return {zone("cluster.local"), zone("in-addr.arpa")};
}

Record a(std::string_view owner, Ipv4 address) {
  return address_record(name(owner), 30, address);
}

struct Page {
  Page() {
    store.edit(
        {.removals = {},
         .additions = {
             a("db.prod.svc.cluster.local", {10, 0, 0, 8}),
             a("db.prod.svc.cluster.local", {10, 0, 0, 7}),
             a("web.prod.svc.cluster.local", {10, 96, 0, 1}),
             txt_record(name("dns-version.cluster.local"), 28800, "1.1.0"),
             name_record(name("7.0.0.10.in-addr.arpa"), RrType::kPtr, 30,
                         name("db.prod.svc.cluster.local"))}});
    store.complete();
    store.publish();
  }

  HttpResponse get(std::string_view target, bool from_loopback = true,
                   ZonePageAccess access = ZonePageAccess::kLoopback) {
    HttpRoutes routes;
    add_zone_page(routes, store, access);
    HttpRequest request = request_for(target);
    request.from_loopback = from_loopback;
    return routes.respond(request);
  }
  std::string json(std::string_view target) { return all_of(get(target)); }
  static std::string all_of(const HttpResponse& response) {
    std::string all;
    REQUIRE(response.next_piece != nullptr);
    for (auto piece = response.next_piece(); !piece.empty();
         piece = response.next_piece()) {
      all += piece;
    }
    return all;
  }

  ZoneStore store{zones(), 1};
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the records at and under a name are listed, and no others") {
  Page page;
  CHECK(page.json("/debug/zone?name=prod.svc.cluster.local") ==
        R"({"name":"prod.svc.cluster.local.","serial":2,"complete":true,)"
        R"("records":[)"
        "\n"
        R"({"name":"db.prod.svc.cluster.local.","type":"A","ttl":30,)"
        R"("data":"10.0.0.7"},)"
        "\n"
        R"({"name":"db.prod.svc.cluster.local.","type":"A","ttl":30,)"
        R"("data":"10.0.0.8"},)"
        "\n"
        R"({"name":"web.prod.svc.cluster.local.","type":"A","ttl":30,)"
        R"("data":"10.96.0.1"}]})"
        "\n");
}

TEST_CASE("without a name all zones are listed, with their SOA") {
  Page page;
  const std::string json = page.json("/debug/zone");
  CHECK(contains(json, R"("name":"cluster.local.","type":"SOA","ttl":5,)"));
  CHECK(contains(json, R"("name":"in-addr.arpa.","type":"SOA")"));
  CHECK(contains(json,
                 R"("name":"7.0.0.10.in-addr.arpa.","type":"PTR","ttl":30,)"
                 R"("data":"db.prod.svc.cluster.local."})"));
  CHECK(contains(json, R"("type":"TXT","ttl":28800,"data":"\"1.1.0\""})"));
  CHECK(page.json("/debug/zone?name=.") == json);
}

TEST_CASE("a name above a zone lists the zone") {
  Page page;
  const std::string json = page.json("/debug/zone?name=arpa");
  CHECK(contains(json, "PTR"));
  CHECK_FALSE(contains(json, "web."));
}

TEST_CASE("a single name lists itself, in any case") {
  Page page;
  const std::string json =
      page.json("/debug/zone?name=WEB.prod.svc.cluster.local.");
  CHECK(contains(json, "10.96.0.1"));
  CHECK_FALSE(contains(json, "10.0.0.7"));
}

TEST_CASE("a name that is not there has no records") {
  Page page;
  CHECK(contains(page.json("/debug/zone?name=no.cluster.local"),
                 R"("records":[]})"));
}

TEST_CASE("names of others and nonsense are refused") {
  Page page;
  CHECK(page.get("/debug/zone?name=example.org").status == 404);
  CHECK(page.get("/debug/zone?name=a..b").status == 400);
}

TEST_CASE("others than loopback need --debug-remote") {
  Page page;
  const HttpResponse refused = page.get("/debug/zone", false);
  CHECK(refused.status == 403);
  CHECK(contains(refused.body, "--debug-remote"));
  CHECK(page.get("/debug/zone", false, ZonePageAccess::kAnyone).status == 200);
}

TEST_CASE("a large zone comes in pieces of one snapshot") {
  Page page;
  ZoneDelta many;
  for (std::uint8_t i = 0; i < 200; ++i) {
    for (std::uint8_t j = 0; j < 10; ++j) {
      many.additions.push_back(
          a("s" + std::to_string(i) + ".big.svc." + "cluster.local",
            {10, 1, i, j}));
    }
  }
  page.store.edit(many);
  page.store.publish();
  const HttpResponse response =
      page.get("/debug/zone?name=big.svc.cluster.local");
  std::string json = response.next_piece();
  CHECK(json.size() < 32768);
  // What happens between two pieces is another snapshot's business.
  page.store.edit({.removals = many.additions, .additions = {}});
  page.store.publish();
  json += Page::all_of(response);
  CHECK(contains(json, R"("data":"10.1.0.0")"));
  CHECK(contains(json, R"("data":"10.1.199.9")"));
  CHECK(contains(json, R"("serial":3,)"));
  CHECK(json.ends_with("]}\n"));
}

TEST_CASE("an incomplete zone says so") {
  ZoneStore store(zones(), 1);
  HttpRoutes routes;
  add_zone_page(routes, store, ZonePageAccess::kAnyone);
  const auto response = routes.respond(request_for("/debug/zone"));
  CHECK(contains(response.next_piece(), R"("complete":false,)"));
}

}  // namespace
}  // namespace canopy
