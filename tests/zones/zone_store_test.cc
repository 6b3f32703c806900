#include "zones/zone_store.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>

#include "tests/support/cluster_zone.h"
#include "tests/support/oracle.h"

using namespace canopy;
using test::ask;
using test::record_from_text;

namespace {

ZoneOptions options(std::string_view apex) {
  ZoneOptions options;
  options.apex = *Name::from_text(apex);
  options.primary = *Name::from_text("ns." + std::string(apex));
  options.responsible = *Name::from_text("host." + std::string(apex));
  return options;
}

std::vector<Record> records(std::initializer_list<std::string_view> lines) {
  std::vector<Record> all;
  for (const std::string_view line : lines) {
    all.push_back(record_from_text(line));
  }
  return all;
}

std::string ask_set(const ZoneSet& zones, std::string_view question) {
  const std::string name(question.substr(0, question.find(' ')));
  return ask(*zones.closest_to(*Name::from_text(name)), question);
}

}  // namespace

TEST_CASE("readers see a change when it is published, whole") {
  ZoneStore store({options("example")}, 41);
  ZoneStore::Reader reader(store);
  CHECK(reader.current().serial() == 41);
  CHECK_FALSE(reader.current().is_complete());
  store.edit({{}, records({"a.example. 30 IN A 10.0.0.1"})});
  CHECK(ask_set(reader.current(), "a.example. A").starts_with("NXDOMAIN"));
  CHECK(store.publish() == 42);
  CHECK(ask_set(reader.current(), "a.example. A").starts_with("NOERROR"));
  CHECK(reader.current().serial() == 42);
  CHECK(reader.current().zones()[0].soa_serial() == 42);
}

TEST_CASE("publishing nothing new changes no serial") {
  ZoneStore store({options("example")}, 1);
  CHECK(store.publish() == 1);
  store.edit({});
  CHECK(store.publish() == 1);
  store.complete();
  CHECK(store.publish() == 2);
  store.complete();
  CHECK(store.publish() == 2);
  ZoneStore::Reader reader(store);
  CHECK(reader.current().is_complete());
}

TEST_CASE("a snapshot stays as it was until its reader asks for the next") {
  ZoneStore store({options("example")}, 1);
  store.edit({{}, records({"a.example. 30 IN A 10.0.0.1"})});
  store.publish();
  ZoneStore::Reader reader(store);
  const ZoneSet& old = reader.current();
  for (int i = 0; i < 100; ++i) {
    store.edit({records({"a.example. 30 IN A 10.0.0.1"}),
                records({"b.example. 30 IN A 10.0.0.2"})});
    store.publish();
    store.edit({records({"b.example. 30 IN A 10.0.0.2"}),
                records({"a.example. 30 IN A 10.0.0.1"})});
    store.publish();
    CHECK(ask_set(old, "a.example. A").starts_with("NOERROR"));
    CHECK(ask_set(old, "b.example. A").starts_with("NXDOMAIN"));
  }
  CHECK(reader.current().serial() == 202);
}

TEST_CASE("two objects' PTRs of one name are counted one by one") {
  const auto one = records({"1.in-addr.arpa. 30 IN PTR a.example."});
  const auto two = records({"1.in-addr.arpa. 30 IN PTR b.example."});
  ZoneStore store({options("in-addr.arpa")}, 1);
  ZoneStore::Reader reader(store);
  const auto answer = [&] {
    store.publish();
    return ask_set(reader.current(), "1.in-addr.arpa. PTR");
  };
  store.edit({{}, one});
  store.edit({{}, one});
  store.edit({{}, two});
  CHECK(answer() ==
        "NOERROR aa\n"
        "1.in-addr.arpa. 30 IN PTR a.example.\n"
        "1.in-addr.arpa. 30 IN PTR b.example.\n");
  store.edit({one, {}});
  CHECK(answer().find("a.example") != std::string::npos);
  store.edit({two, {}});
  CHECK(answer() == "NOERROR aa\n1.in-addr.arpa. 30 IN PTR a.example.\n");
  store.edit({one, {}});
  CHECK(answer().starts_with("NXDOMAIN"));
}

TEST_CASE("what cannot be done is counted and does no harm") {
  ZoneStore store({options("example")}, 1);
  store.edit({records({"a.example. 30 IN A 10.0.0.1"}), {}});
  CHECK(store.ignored_records() == 1);
  store.edit({{},
              records({"www.other. 30 IN A 10.0.0.1",
                       "www.other. 30 IN A 10.0.0.2"})});
  CHECK(store.ignored_records() == 3);
}

TEST_CASE("a delta that has no effect is not published") {
  ZoneStore store({options("example")}, 1);
  store.edit({records({"a.example. 30 IN A 10.0.0.1"}),
              records({"www.other. 30 IN A 10.0.0.1"})});
  CHECK(store.publish() == 1);
}

TEST_CASE("a record belongs to the closest zone") {
  ZoneStore store({options("example"), options("in.example")}, 1);
  store.edit({{},
              records({"a.in.example. 30 IN A 10.0.0.1",
                       "a.example. 30 IN A 10.0.0.2"})});
  store.publish();
  ZoneStore::Reader reader(store);
  for (const Zone& zone : reader.current().zones()) {
    CHECK(zone.tree().record_count() == 1);
  }
}

// Each publish moves every record of the zone from one generation to the
// next; a reader that saw a mix, or freed memory, would notice.
TEST_CASE("readers in threads see whole generations while a writer publishes") {
  constexpr int kNames = 50;
  constexpr int kGenerations = 400;
  ZoneStore store({options("example")}, 0);
  const auto generation = [](int number) {
    std::vector<Record> all;
    for (int i = 0; i < kNames; ++i) {
      const Name owner =
          *Name::from_text("n" + std::to_string(i) + ".deep.example");
      all.push_back(txt_record(owner, 30, std::to_string(number)));
    }
    return all;
  };
  store.edit({{}, generation(0)});
  store.publish();
  std::atomic<bool> done{false};
  std::atomic<int> mixed{0};
  std::atomic<int> backwards{0};
  std::atomic<int> ready{0};
  const auto read = [&] {
    ZoneStore::Reader reader(store);
    Serial last = 0;
    ++ready;
    while (!done) {
      const ZoneSet& zones = reader.current();
      if (zones.serial() < last) ++backwards;
      last = zones.serial();
      std::string first;
      for (int i = 0; i < kNames; ++i) {
        const Name owner =
            *Name::from_text("n" + std::to_string(i) + ".deep.example");
        Answer answer;
        zones.closest_to(owner)->lookup(owner, RrType::kTxt, answer);
        const auto rdata = *answer.entries.at(0).rrset.begin();
        const std::string text(rdata.begin(), rdata.end());
        if (i == 0) first = text;
        if (text != first) ++mixed;
      }
    }
  };
  std::thread readers[3];
  for (std::thread& reader : readers) reader = std::thread(read);
  while (ready < 3) std::this_thread::yield();
  for (int number = 1; number <= kGenerations; ++number) {
    store.edit(difference(generation(number - 1), generation(number)));
    store.publish();
    // Readers come and go.
    if (number % 10 == 0) ZoneStore::Reader(store).current();
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(mixed == 0);
  CHECK(backwards == 0);
  ZoneStore::Reader reader(store);
  CHECK(reader.current().serial() == 1 + kGenerations);
  CHECK(reader.current().zones()[0].tree().record_count() == kNames);
}
