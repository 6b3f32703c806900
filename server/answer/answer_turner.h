// Turns the answer to a rewritten query into one to the client's query: its
// question, and the names and TTLs that the rules change in answers.  On one
// worker's thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/answer/query_rewriter.h"
#include "server/answer/said.h"
#include "zones/message_reader.h"
#include "zones/message_writer.h"

namespace canopy {

class AnswerTurner {
 public:
  // Valid until the next call; the error is that of `said`.  Records that no
  // longer fit into 64 KiB are left out, with TC.  A name that the rules turn
  // into none stays as it is.
  const Said& turn(const Said& said, const RewrittenQuery& query);

 private:
  void age(const Said& said);
  // False when the record is malformed.
  bool copy_record(Section section, MessageReader& reader,
                   const RewrittenQuery& query);
  NameView owner_of(const MessageRecord& record, const RewrittenQuery& query);

  // Buffers, reused for each answer.
  std::vector<std::uint8_t> message_;
  MessageWriter writer_;
  // The last owner, as it was, and as it is sent.  The writer recognises a run
  // of records by the address of the Name, so there are two.
  Name last_owner_;
  bool has_last_ = false;
  std::array<Name, 2> owners_;
  std::size_t last_ = 0;
  Said said_;
};

}  // namespace canopy
