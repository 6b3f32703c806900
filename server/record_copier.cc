#include "server/record_copier.h"

#include "zones/message_index.h"

namespace canopy {

void RecordCopier::copy(std::span<const std::uint8_t> message,
                        const Wanted& wanted) {
  MessageReader reader(message);
  if (!reader.question()) return;
  const unsigned answers = reader.answer_count();
  const unsigned all = answers + reader.authority_count();
  for (unsigned i = 0; i < all; ++i) {
    const auto record = reader.record();
    if (!record) return;
    const Section section =
        i < answers ? Section::kAnswer : Section::kAuthority;
    if (!wanted(section, *record)) continue;
    const auto rdata = expanded_rdata(reader, *record, message);
    if (!rdata) continue;
    writer_.add(section, kept(record->owner), record->type, record->ttl,
                *rdata);
  }
}

NameView RecordCopier::kept(const Name& owner) {
  if (!(owners_[last_] == owner)) {
    last_ = 1 - last_;
    owners_[last_] = owner;
  }
  return owners_[last_];
}

}  // namespace canopy
