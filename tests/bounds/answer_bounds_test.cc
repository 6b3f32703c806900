// What a zone's answer costs is bounded by the message it fills, not by the
// RRset it is taken from.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/query_message.h"
#include "tests/support/work_count.h"
#include "zones/message_writer.h"
#include "zones/zone_store.h"

using namespace canopy;
using namespace canopy::test;

namespace {

Ipv4 address(std::size_t i) {
  return {10, static_cast<std::uint8_t>(i >> 16),
          static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
}

// Addresses, SRV records with a target each, pointers: so many of each.
class LargeZone {
 public:
  explicit LargeZone(std::size_t records) : store_({options()}, 1) {
    ZoneDelta delta;
    for (std::size_t i = 0; i < records; ++i) {
      const Name target = *apex().child("pod-" + std::to_string(i));
      delta.additions.push_back(address_record(target, 30, address(i)));
      delta.additions.push_back(address_record(named("a"), 30, address(i)));
      delta.additions.push_back(
          srv_record(named("srv"), 30, {0, 1, 80}, target));
      delta.additions.push_back(
          name_record(named("ptr"), RrType::kPtr, 30, target));
    }
    store_.edit(delta);
    store_.publish();
  }

  struct Answered {
    std::uint64_t blocks;
    std::size_t octets;
  };
  // The work of the costliest of some answers.
  Answered ask(std::string_view question, std::size_t room) {
    ZoneStore::Reader reader(store_);
    const Zone& zone = reader.current().zones()[0];
    const Query query = query_from_text(question);
    Answered most{0, 0};
    for (std::size_t first = 0; first < 0xFFFF; first += 0xFFF) {
      Answer answer;
      answer.room = room;
      const Work work = work_of([&] {
        zone.lookup(query.qname, query.qtype, answer);
        most.octets =
            encode_answer(query, answer, first, writer_).message.size();
      });
      most.blocks = std::max(most.blocks, work.blocks);
    }
    return most;
  }

 private:
  static Name apex() { return *Name::from_text("example"); }
  static Name named(std::string_view label) { return *apex().child(label); }
  static ZoneOptions options() {
    ZoneOptions options;
    options.apex = apex();
    options.target_suffix = apex();
    return options;
  }

  ZoneStore store_;
  MessageWriter writer_;
};

}  // namespace

TEST_CASE("what an answer costs is bounded by the message it fills") {
  LargeZone some(5'000);
  LargeZone many(20'000);
  for (const std::string_view question :
       {"a.example A", "srv.example SRV", "ptr.example PTR", "a.example ANY"}) {
    for (const std::size_t room : {512UL, 1221UL, 65'535UL}) {
      CAPTURE(question);
      CAPTURE(room);
      const auto few = some.ask(question, room);
      const auto lots = many.ask(question, room);
      CHECK(few.octets <= room);
      CHECK(few.octets + 600 > room);
      CHECK(lots.octets <= room);
      CHECK(lots.blocks < few.blocks * 3 / 2);
      CHECK(lots.blocks < 1'000 + 20 * room);
    }
  }
}
