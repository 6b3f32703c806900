// Copies records out of a message into one that is being written.  Names are
// compressed anew, for the message they stand in now.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>

#include "zones/message_reader.h"
#include "zones/message_writer.h"

namespace canopy {

class RecordCopier {
 public:
  using Wanted = std::function<bool(Section, const MessageRecord&)>;

  // Both live until the message is finished.
  explicit RecordCopier(MessageWriter& writer) : writer_(writer) {}

  // The `wanted` records of the answer and the authority section; up to the
  // first that is malformed.
  void copy(std::span<const std::uint8_t> message, const Wanted& wanted);

 private:
  NameView kept(const Name& owner);

  MessageWriter& writer_;
  // The writer knows a run of records of one owner by the owner's address.
  std::array<Name, 2> owners_;
  std::size_t last_ = 0;
};

}  // namespace canopy
