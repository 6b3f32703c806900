#include "tests/support/message_text.h"

#include <array>
#include <utility>

#include "zones/message_index.h"
#include "zones/message_reader.h"
#include "zones/rrset.h"

namespace canopy::test {
namespace {

constexpr std::string_view kMalformed = "malformed";

std::string option_text(std::span<const std::uint8_t> rdata) {
  std::string text;
  while (rdata.size() >= 4) {
    const unsigned code = rdata[0] << 8 | rdata[1];
    const std::size_t size = rdata[2] << 8 | rdata[3];
    const auto value = rdata.subspan(4, size);
    if (code == 15 && size >= 2) {
      text += " ede=" + std::to_string(value[0] << 8 | value[1]) + " \"";
      text.append(value.begin() + 2, value.end());
      text += '"';
    } else if (code == 3) {
      text += " nsid=" + std::string(value.begin(), value.end());
    } else {
      text += " option=" + std::to_string(code);
    }
    rdata = rdata.subspan(4 + size);
  }
  return text;
}

std::string edns_text(const MessageRecord& opt) {
  std::string text = "; edns " + std::to_string(opt.rr_class);
  if ((opt.ttl >> 16 & 0xFF) != 0) {
    text += " version=" + std::to_string(opt.ttl >> 16 & 0xFF);
  }
  if ((opt.ttl & 0x8000) != 0) text += " do";
  return text + option_text(opt.rdata) + '\n';
}

// The records of the sections.  The OPT record has the rcode's upper bits.
struct Body {
  std::string text;
  std::string edns;
  unsigned extended_rcode = 0;
};

bool read_section(MessageReader& reader, std::span<const std::uint8_t> message,
                  unsigned count, std::string_view heading, Body& body) {
  std::string lines;
  for (unsigned i = 0; i < count; ++i) {
    const auto record = reader.record();
    if (!record) return false;
    if (record->type == RrType::kOpt) {
      body.extended_rcode = record->ttl >> 24;
      body.edns += edns_text(*record);
      continue;
    }
    const auto rdata = expanded_rdata(reader, *record, message);
    if (!rdata) return false;
    lines += to_text(record->owner, record->type, record->ttl, *rdata) + '\n';
  }
  if (!lines.empty()) body.text += std::string(heading) + lines;
  return true;
}

}  // namespace

std::string flags_text(std::uint16_t flags) {
  constexpr std::array kNames = {
      std::pair{flag::kAa, " aa"}, std::pair{flag::kTc, " tc"},
      std::pair{flag::kRd, " rd"}, std::pair{flag::kRa, " ra"},
      std::pair{flag::kAd, " ad"}, std::pair{flag::kCd, " cd"},
  };
  std::string text;
  for (const auto& [bit, name] : kNames) {
    if ((flags & bit) != 0) text += name;
  }
  return text;
}

std::string message_text(std::span<const std::uint8_t> message) {
  if (message.size() < kHeaderSize) return std::string(kMalformed);
  MessageReader reader(message);
  const unsigned flags = reader.flags();
  if ((flags & flag::kQr) == 0) return "not a response";
  for (unsigned i = 0; i < reader.question_count(); ++i) {
    if (!reader.question()) return std::string(kMalformed);
  }
  Body body;
  if (!read_section(reader, message, reader.answer_count(), "", body) ||
      !read_section(reader, message, reader.authority_count(), "; authority\n",
                    body) ||
      !read_section(reader, message, reader.additional_count(),
                    "; additional\n", body) ||
      !reader.at_end()) {
    return std::string(kMalformed);
  }
  const Rcode rcode{
      static_cast<std::uint16_t>(body.extended_rcode << 4 | (flags & 0xF))};
  return to_text(rcode) + flags_text(static_cast<std::uint16_t>(flags)) + '\n' +
         body.text + body.edns;
}

}  // namespace canopy::test
