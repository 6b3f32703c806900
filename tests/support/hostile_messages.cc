#include "tests/support/hostile_messages.h"

#include <algorithm>
#include <functional>

#include "tests/support/raw_message.h"

namespace canopy::test {
namespace {

constexpr std::size_t kQuestionAt = 12;
constexpr unsigned kDname = 39;
constexpr unsigned kRp = 17;

// A message filled with records up to a size.  The header gets the record
// counts at the end.
class Filled {
 public:
  // `counted` is the index of the header's count field: 3 for answers, 4 for
  // authority, 5 for additional records.
  Filled(std::size_t size, unsigned flags, unsigned counted = 3)
      : size_(size), counted_(counted), message_(header(flags)) {
    message_.question("www.example.com");
  }

  std::size_t at() const { return message_.size(); }
  // Repeats the record that `record` writes until the message is full.
  Filled& with(const std::function<void(RawMessage&, std::size_t)>& record) {
    for (std::size_t i = 0; count_ < 0xFFFF; ++i) {
      RawMessage longer = one(record, i);
      if (at() + longer.size() - kQuestionAt > size_) break;
      append(longer);
    }
    return *this;
  }
  // Adds one record if it fits.
  Filled& once(const std::function<void(RawMessage&, std::size_t)>& record) {
    const RawMessage longer = one(record, 0);
    if (at() + longer.size() - kQuestionAt <= size_) append(longer);
    return *this;
  }

  Octets message() const {
    Octets octets = message_.message();
    octets[2 * counted_] = static_cast<std::uint8_t>(count_ >> 8);
    octets[2 * counted_ + 1] = static_cast<std::uint8_t>(count_);
    return octets;
  }

 private:
  static RawMessage::Header header(unsigned flags) {
    RawMessage::Header header;
    header.flags = static_cast<std::uint16_t>(flags);
    return header;
  }
  RawMessage one(const std::function<void(RawMessage&, std::size_t)>& record,
                 std::size_t i) {
    RawMessage made;  // only its octets after the header are used
    record(made, i);
    return made;
  }
  void append(const RawMessage& made) {
    for (std::size_t i = kQuestionAt; i < made.size(); ++i) {
      message_.u8(made.message()[i]);
    }
    ++count_;
  }

  const std::size_t size_;
  const unsigned counted_;
  RawMessage message_;
  std::size_t count_ = 0;
};

// A TXT record whose rdata is a name with as many labels as fit, up to 127.
// Other records point into that name.
struct LongName {
  explicit LongName(std::size_t size)
      : labels(static_cast<unsigned>(std::min<std::size_t>(120, size / 8))) {}

  void operator()(RawMessage& message, std::size_t) const {
    message.pointer(kQuestionAt).fields(RrType::kTxt, 60, 2 * labels + 1);
    for (unsigned i = 0; i < labels; ++i) message.octets({1, 1});
    message.u8(0);
  }
  // Offset of the name if the record is the first after the question.
  static unsigned at() { return kQuestionAt + 17 + 4 + 12; }

  unsigned labels;
};

// Shapes for queries and responses, with `flags`, in section `counted`.
std::vector<SizedMessage> shapes(std::size_t size, unsigned flags,
                                 unsigned counted) {
  const LongName long_name(size);
  const auto filled = [&] { return Filled(size, flags, counted); };
  std::vector<SizedMessage> shapes;

  unsigned before = kQuestionAt;
  unsigned next = kQuestionAt + 17 + 4;
  shapes.push_back(
      {"each owner points to the one before",
       filled()
           .with([&](RawMessage& message, std::size_t) {
             message.pointer(before & 0x3FFF).fields(RrType::kTxt, 60, 0);
             before = next;
             next += 12;
           })
           .message()});
  shapes.push_back(
      {"a chain of pointers in one record, owners at its end", [&] {
         const auto length = static_cast<unsigned>(
             std::min<std::size_t>(size / 2, 16'000) / 2 * 2);
         const unsigned at = LongName::at();
         return filled()
             .once([&](RawMessage& message, std::size_t) {
               message.pointer(kQuestionAt).fields(RrType::kTxt, 60, length);
               for (unsigned i = 0; i < length; i += 2) {
                 message.pointer(i == 0 ? kQuestionAt : at + i - 2);
               }
             })
             .with([&](RawMessage& message, std::size_t) {
               message.pointer(at + length - 2).fields(RrType::kTxt, 60, 0);
             })
             .message();
       }()});
  shapes.push_back({"owners of many labels by a pointer",
                    filled()
                        .once(long_name)
                        .with([](RawMessage& message, std::size_t i) {
                          message.pointer(LongName::at() + i % 2 * 2)
                              .fields(RrType::kTxt, 60, 0);
                        })
                        .message()});
  shapes.push_back({"three such names in a record",
                    filled()
                        .once(long_name)
                        .with([](RawMessage& message, std::size_t i) {
                          const unsigned at = LongName::at() + i % 3 * 2;
                          message.pointer(at)
                              .fields(RrType{kRp}, 60, 4)
                              .pointer(at)
                              .pointer(at);
                        })
                        .message()});
  shapes.push_back(
      {"no two names alike", filled()
                                 .once(long_name)
                                 .with([](RawMessage& message, std::size_t i) {
                                   const auto first = static_cast<unsigned>(i);
                                   message.octets({2, first >> 8, first & 0xFF})
                                       .pointer(LongName::at())
                                       .fields(RrType::kTxt, 60, 0);
                                 })
                                 .message()});
  shapes.push_back({"owners of many labels, written out",
                    filled()
                        .with([](RawMessage& message, std::size_t) {
                          for (int n = 0; n < 120; ++n) message.octets({1, 1});
                          message.u8(0).fields(RrType::kTxt, 60, 0);
                        })
                        .message()});
  shapes.push_back(
      {"the smallest records", filled()
                                   .with([](RawMessage& message, std::size_t) {
                                     message.u8(0).fields(RrType::kTxt, 60, 0);
                                   })
                                   .message()});
  const auto huge = static_cast<unsigned>(size - 12 - 17 - 4 - 12);
  shapes.push_back(
      {"one huge TXT",
       filled()
           .once([&](RawMessage& message, std::size_t) {
             message.pointer(kQuestionAt).fields(RrType::kTxt, 60, huge);
             for (unsigned i = 0; i < huge; ++i) {
               message.u8(1);
             }
           })
           .message()});
  shapes.push_back({"one OPT full of empty options",
                    filled()
                        .once([&](RawMessage& message, std::size_t) {
                          const unsigned octets = huge / 4 * 4;
                          message.opt(1232, 0, octets);
                          for (unsigned i = 0; i < octets; i += 4) {
                            message.u16(10).u16(0);
                          }
                        })
                        .message()});
  shapes.push_back(
      {"many OPT records",
       filled()
           .with([](RawMessage& message, std::size_t) { message.opt(1232); })
           .message()});
  return shapes;
}

// Returns a name of labels without an end, as long as fits.
Octets endless_name(std::size_t size, unsigned label) {
  RawMessage message;
  while (message.size() + 1 + label <= size) {
    message.u8(label);
    for (unsigned i = 0; i < label; ++i) message.u8('a');
  }
  return message.message();
}

Octets questions(std::size_t size) {
  const auto count = static_cast<std::uint16_t>((size - 12) / 6);
  RawMessage message({.questions = count});
  for (unsigned i = 0; i < count; ++i) {
    message.pointer(kQuestionAt).u16(1).u16(1);
  }
  return message.message();
}

// --- messages that are expensive for Bailiwick ---

constexpr unsigned kResponse = 0x8180;

// CNAMEs whose owners and targets are suffixes of one long name, or such
// suffixes with a label in front.  The chain is as long as possible, in the
// worst order.
Octets cnames(std::size_t size, bool foreign_between) {
  return Filled(size, kResponse)
      .once(LongName(size))
      .with([&](RawMessage& message, std::size_t i) {
        const auto number = static_cast<unsigned>(i % 64);
        if (foreign_between && i % 2 == 1) {
          message.pointer(LongName::at() + 4).fields(RrType::kA, 60, 4).u32(1);
          return;
        }
        // 63 is the name of the question; 62 follows it, ...
        if (number == 63) {
          message.pointer(kQuestionAt);
        } else {
          message.octets({1, number}).pointer(LongName::at());
        }
        message.fields(RrType::kCname, 60, 4)
            .octets({1, (number + 63) % 64})
            .pointer(LongName::at());
      })
      .message();
}

// A CNAME to a long name, then records of its ancestors.
Octets ancestors(std::size_t size, unsigned type, unsigned counted) {
  return Filled(size, kResponse, counted)
      .once([&](RawMessage& message, std::size_t) {
        const LongName name(size);
        message.pointer(kQuestionAt)
            .fields(counted == 3 ? RrType::kCname : RrType::kTxt, 60,
                    2 * name.labels + 1);
        for (unsigned i = 0; i < name.labels; ++i) message.octets({1, 1});
        message.u8(0);
      })
      .with([&](RawMessage& message, std::size_t i) {
        message.pointer(LongName::at() + 2 * (i % 5))
            .fields(RrType{static_cast<std::uint16_t>(type)}, 60, 2)
            .pointer(LongName::at());
      })
      .message();
}

// Half of the records have the query's name, half have other names, so
// everything is copied.
Octets half_foreign(std::size_t size) {
  return Filled(size, kResponse)
      .once(LongName(size))
      .with([](RawMessage& message, std::size_t i) {
        message.pointer(i % 2 == 0 ? kQuestionAt : LongName::at())
            .fields(RrType::kA, 60, 4)
            .u32(static_cast<std::uint32_t>(i));
      })
      .message();
}

// Records of the query's name whose rdata holds names, between other records.
Octets names_to_copy(std::size_t size) {
  return Filled(size, kResponse)
      .once(LongName(size))
      .with([](RawMessage& message, std::size_t i) {
        const auto number = static_cast<unsigned>(i);
        message.pointer(kQuestionAt)
            .fields(RrType::kCname, 60, 5)
            .octets({2, number >> 8, number & 0xFF})
            .pointer(LongName::at());
      })
      .message();
}

}  // namespace

Octets honest_query(std::size_t size) {
  RawMessage message({.additional = 1});
  message.question("www.example.com");
  const auto padding = static_cast<unsigned>(size - message.size() - 11 - 4);
  message.opt(1232, 0, padding + 4).u16(12).u16(padding);
  for (unsigned i = 0; i < padding; ++i) message.u8(0);
  return message.message();
}

std::vector<SizedMessage> hostile_queries(std::size_t size) {
  std::vector<SizedMessage> all = shapes(size, 0x0100, 5);
  for (SizedMessage& authority : shapes(size, 0x0100, 4)) {
    all.push_back(std::move(authority));
  }
  all.push_back({"labels of one octet without end", endless_name(size, 1)});
  all.push_back({"labels of 63 octets without end", endless_name(size, 63)});
  all.push_back({"many questions", questions(size)});
  return all;
}

Octets honest_response(std::size_t size) {
  return Filled(size, kResponse)
      .with([](RawMessage& message, std::size_t i) {
        message.pointer(kQuestionAt)
            .fields(RrType::kA, 60, 4)
            .u32(static_cast<std::uint32_t>(i));
      })
      .message();
}

std::vector<SizedMessage> hostile_responses(std::size_t size) {
  std::vector<SizedMessage> all;
  for (const unsigned section : {3U, 4U, 5U}) {
    for (SizedMessage& shape : shapes(size, kResponse, section)) {
      all.push_back(std::move(shape));
    }
  }
  all.push_back({"CNAMEs in the worst order", cnames(size, false)});
  all.push_back({"CNAMEs and foreign addresses", cnames(size, true)});
  all.push_back({"DNAMEs above the chain", ancestors(size, kDname, 3)});
  all.push_back({"NS above the name", ancestors(size, 2, 4)});
  all.push_back({"half foreign", half_foreign(size)});
  all.push_back({"names to copy", names_to_copy(size)});
  return all;
}

}  // namespace canopy::test
