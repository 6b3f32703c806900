// An upstream's octets through MessageIndex, and what it accepted through the
// writer: every record must come out as it went in, and reading must not take
// more work than the octets' size allows.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "tests/support/work_count.h"
#include "zones/message_index.h"
#include "zones/message_reader.h"
#include "zones/message_writer.h"

using namespace canopy;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view text_of(const Octets& octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

struct Parsed {
  Record record;
  Section section;
};

std::vector<Parsed> records_of(std::span<const std::uint8_t> message) {
  MessageReader reader(message);
  require(reader.question().has_value());
  const unsigned answers = reader.answer_count();
  const unsigned authority = answers + reader.authority_count();
  const unsigned all = authority + reader.additional_count();
  std::vector<Parsed> records;
  for (unsigned i = 0; i < all; ++i) {
    const auto record = reader.record();
    require(record.has_value());
    auto rdata = expanded_rdata(reader, *record, message);
    require(rdata.has_value());
    const Section section = i < answers     ? Section::kAnswer
                            : i < authority ? Section::kAuthority
                                            : Section::kAdditional;
    records.push_back(
        {{record->owner, record->type, record->ttl, std::move(*rdata)},
         section});
  }
  require(reader.at_end());
  return records;
}

// The map says where things are.
void check_map(const EncodedAnswer& answer, std::size_t records) {
  MessageReader reader(answer.message);
  require(reader.question().has_value());
  std::size_t seen = 0;
  for (const RrsetSpan& rrset : answer.rrsets) {
    require(rrset.offset == reader.position());
    for (unsigned i = 0; i < rrset.count; ++i, ++seen) {
      const auto record = reader.record();
      require(record.has_value());
      require(answer.ttl_offsets[seen] == record->ttl_offset);
      if (rrset.rotates) {
        require((reader.position() - record->offset) * rrset.count ==
                rrset.size);
      }
    }
    require(reader.position() == std::size_t{rrset.offset} + rrset.size);
  }
  require(reader.at_end());
  require(seen == records && answer.ttl_offsets.size() == records);
}

// An OPT stands before other records: the octets hold more than the RRsets.
bool has_gap(const EncodedAnswer& answer, std::size_t question_end) {
  std::size_t end = question_end;
  for (const RrsetSpan& rrset : answer.rrsets) {
    if (rrset.offset != end) return true;
    end += rrset.size;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static MessageIndex index;
  static MessageWriter writer;
  bool is_good = false;
  const test::Work work = test::work_of([&] {
    is_good = index.read({data, size});
  });
  require(work.blocks <= 10'000 + 100 * size);
  require(work.octets <= 10'000 + 100 * size);
  if (!is_good) return 0;
  const EncodedAnswer read = index.answer();
  MessageReader reader(read.message);
  const auto question = reader.question();
  require(question.has_value());
  if (has_gap(read, reader.position())) return 0;
  const std::vector<Parsed> records = records_of(read.message);
  check_map(read, records.size());

  Query query;
  query.qname = question->qname;
  query.qtype = question->qtype;
  query.qclass = question->qclass;
  writer.start(query);
  for (const Parsed& parsed : records) {
    writer.add(parsed.section, parsed.record.owner, parsed.record.type,
               parsed.record.ttl, parsed.record.rdata);
  }
  const EncodedAnswer written = writer.finish(index.rcode(), 0);
  if (writer.is_partial()) return 0;
  const std::vector<Parsed> again = records_of(written.message);
  check_map(written, again.size());
  require(again.size() == records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    require(again[i].section == records[i].section);
    require(again[i].record.owner == records[i].record.owner);
    require(again[i].record.type == records[i].record.type);
    require(again[i].record.ttl == records[i].record.ttl);
    // A compressed name takes the spelling of the one it points to.
    require(equal_folded(text_of(again[i].record.rdata),
                         text_of(records[i].record.rdata)));
  }
  return 0;
}
