// Copies records from one message into another that is being written.  Names
// are compressed again for the new message.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "zones/case_swap.h"
#include "zones/encoded_answer.h"
#include "zones/message_reader.h"
#include "zones/message_writer.h"

namespace canopy {

class RecordCopier {
 public:
  // `writer` must live until the message is finished.  `case_swap` sets the
  // case of names.
  explicit RecordCopier(MessageWriter& writer, const CaseSwap& case_swap = {})
      : writer_(writer), case_swap_(case_swap) {}

  // Copies the RRsets of `message` in the given order and stops at the first
  // malformed one.  An SOA of the authority section gets at most its MINIMUM as
  // TTL, which is how long caches may keep the denial (RFC 2308 section 5).
  void copy(std::span<const std::uint8_t> message,
            std::span<const RrsetSpan> rrsets);

 private:
  bool copy_record(Section section, MessageReader& reader,
                   std::span<const std::uint8_t> message);
  NameView kept(const Name& owner);

  MessageWriter& writer_;
  const CaseSwap case_swap_;
  // Two names, because the writer recognises a run of records of one owner by
  // the address of the Name.
  std::array<Name, 2> owners_;
  std::size_t last_ = 0;
};

}  // namespace canopy
