// Copies records out of a message into one that is being written.  Names are
// compressed anew, for the message they stand in now.
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
  // `writer` lives until the message is finished.  Names are spelled as
  // `case_swap` says.
  explicit RecordCopier(MessageWriter& writer, const CaseSwap& case_swap = {})
      : writer_(writer), case_swap_(case_swap) {}

  // The RRsets of `message`, in the order given; up to the first that is
  // malformed.  An SOA of the authority section gets at most its MINIMUM as
  // TTL, which is how long caches may keep the denial (RFC 2308 section 5).
  void copy(std::span<const std::uint8_t> message,
            std::span<const RrsetSpan> rrsets);

 private:
  bool copy_record(Section section, MessageReader& reader,
                   std::span<const std::uint8_t> message);
  NameView kept(const Name& owner);

  MessageWriter& writer_;
  const CaseSwap case_swap_;
  // The writer knows a run of records of one owner by the owner's address.
  std::array<Name, 2> owners_;
  std::size_t last_ = 0;
};

}  // namespace canopy
