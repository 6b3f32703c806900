#include "server/answer/reply_writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/support/message_text.h"
#include "tests/support/oracle.h"
#include "tests/support/query_message.h"
#include "zones/message_index.h"
#include "zones/message_reader.h"

using namespace canopy;
using test::message_text;
using test::query_from_text;

namespace {

// A reply made from an upstream's message.
class Writer {
 public:
  Writer(std::string_view question, std::string_view message)
      : query_(query_from_text(question)) {
    REQUIRE(index_.read(test::upstream_message(query_, message)));
  }

  std::string text(const ReplyForm& form = {}) {
    return message_text(octets(form));
  }
  std::span<const std::uint8_t> octets(const ReplyForm& form = {}) {
    return writer_.write(index_.answer(), query_, form);
  }
  bool is_truncated() const { return writer_.is_truncated(); }

 private:
  Query query_;
  MessageIndex index_;
  ReplyWriter writer_;
};

std::string addresses(int from, int to, std::string_view owner = "a.test.") {
  std::string text;
  for (int i = from; i <= to; ++i) {
    text += std::string(owner) + " 60 IN A 10.0.0." + std::to_string(i) + '\n';
  }
  return text;
}

std::string text_record(std::string_view owner, std::size_t size) {
  return std::string(owner) + " 60 IN TXT \"" + std::string(size, 'x') + "\"\n";
}

}  // namespace

TEST_CASE("addresses move round by the rotation, other types stay") {
  const std::string message =
      "a.test. 60 IN MX 1 m1.\na.test. 60 IN MX 2 m2.\n" + addresses(1, 3) +
      "a.test. 60 IN AAAA fd00::1\na.test. 60 IN AAAA fd00::2\n";
  Writer writer("a.test. ANY +edns", message);
  const std::string mx = "a.test. 60 IN MX 1 m1.\na.test. 60 IN MX 2 m2.\n";
  const std::string six[] = {
      "a.test. 60 IN AAAA fd00::1\na.test. 60 IN AAAA fd00::2\n",
      "a.test. 60 IN AAAA fd00::2\na.test. 60 IN AAAA fd00::1\n"};
  const std::string four[] = {addresses(1, 3),
                              addresses(2, 3) + addresses(1, 1),
                              addresses(3, 3) + addresses(1, 2)};
  for (const std::size_t rotation : {0UL, 1UL, 2UL, 3UL, 5UL, 1000001UL}) {
    CAPTURE(rotation);
    CHECK(writer.text({.rotation = rotation}) ==
          "NOERROR rd ra\n" + mx + four[rotation % 3] + six[rotation % 2] +
              "; edns 1232\n");
  }
}

TEST_CASE("TTLs go down with age, to 0 and no further") {
  const std::string message =
      "a.test. 60 IN A 10.0.0.1\n; authority\ntest. 100 IN NS n.test.\n"
      "; additional\nn.test. 2147483647 IN A 10.0.0.2\n";
  Writer writer("a.test. A", message);
  CHECK(writer.text({.age = 59}) ==
        "NOERROR rd ra\na.test. 1 IN A 10.0.0.1\n"
        "; authority\ntest. 41 IN NS n.test.\n"
        "; additional\nn.test. 2147483588 IN A 10.0.0.2\n");
  CHECK(writer.text({.age = 61}).find("a.test. 0 IN A") != std::string::npos);
  CHECK(writer.text({.age = 2147483647}).find("n.test. 0 IN A") !=
        std::string::npos);
  // Ages the original TTL, not that of the previous reply.
  CHECK(writer.text().find("a.test. 60 IN A") != std::string::npos);
}

TEST_CASE("of an RRset that does not fit some records stay, no more follow") {
  struct Row {
    std::string_view what;
    std::string message;
    std::string reply;
  };
  const std::string large = text_record("a.test.", 200) +
                            text_record("a.test.", 250) +
                            text_record("a.test.", 251);
  const std::string small = addresses(1, 2);
  const std::string ns = "test. 60 IN NS n.test.\n";
  const std::string glue = addresses(9, 9, "n.test.");
  const Row rows[] = {
      {"all fits", small, "NOERROR rd ra\n" + small},
      {"the second of two", small + large,
       "NOERROR tc rd ra\n" + small + text_record("a.test.", 200)},
      {"the first of two", large + small,
       "NOERROR tc rd ra\n" + text_record("a.test.", 200) +
           text_record("a.test.", 250)},
      {"in the authority section", small + "; authority\n" + large + ns,
       "NOERROR tc rd ra\n" + small},
      {"in the additional section",
       small + "; authority\n" + ns + "; additional\n" + glue + large,
       "NOERROR rd ra\n" + small + "; authority\n" + ns + "; additional\n" +
           glue},
      {"all of the additional section",
       small + "; authority\n" + ns + "; additional\n" + large + glue,
       "NOERROR rd ra\n" + small + "; authority\n" + ns},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Writer writer("a.test. A", row.message);
    CHECK(writer.text() == row.reply);
    CHECK(writer.is_truncated() == row.reply.starts_with("NOERROR tc"));
    CHECK(writer.octets().size() <= 512);
    CHECK(writer.text({.transport = Transport::kTcp}).find(" tc") ==
          std::string::npos);
    CHECK_FALSE(writer.is_truncated());
  }
}

TEST_CASE("addresses move round before some of them are left out") {
  // 30 addresses fit after the question.
  Writer writer("a.test. A", addresses(1, 40));
  CHECK(writer.text({.rotation = 0}) ==
        "NOERROR tc rd ra\n" + addresses(1, 30));
  CHECK(writer.text({.rotation = 39}) ==
        "NOERROR tc rd ra\n" + addresses(40, 40) + addresses(1, 29));
  const std::string aged = writer.text({.age = 20, .rotation = 35});
  CHECK(aged.starts_with("NOERROR tc rd ra\na.test. 40 IN A 10.0.0.36\n"));
  CHECK(aged.ends_with("a.test. 40 IN A 10.0.0.25\n"));
}

TEST_CASE("a reply is as large as the limit, to the octet") {
  constexpr std::size_t kFixed = 12 + 12 + 12;  // header, question, fields
  for (const auto& row : {std::pair{"a.test. TXT", 512UL},
                          std::pair{"a.test. TXT +edns=600", 600UL},
                          std::pair{"a.test. TXT +edns=1000", 1000UL},
                          std::pair{"a.test. TXT +edns=1232", 1232UL},
                          std::pair{"a.test. TXT +edns=65535", 1232UL}}) {
    const char* const question = row.first;
    const std::size_t limit = row.second;
    CAPTURE(limit);
    const std::size_t opt =
        std::string_view(question).find('+') == std::string::npos ? 0 : 11;
    // Character strings of 200 octets and a shorter one, each with a length
    // octet.
    const auto message = [&](std::size_t rdata) {
      std::string text = "a.test. 60 IN TXT";
      for (; rdata > 202; rdata -= 201) {
        text += " \"" + std::string(200, 'x') + '"';
      }
      return text + " \"" + std::string(rdata - 1, 'x') + "\"\n";
    };
    Writer fits(question, message(limit - opt - kFixed));
    CHECK(fits.octets().size() == limit);
    CHECK_FALSE(fits.is_truncated());
    Writer large(question, message(limit - opt - kFixed + 1));
    CHECK(large.octets().size() == 12 + 12 + opt);
    CHECK(large.is_truncated());
  }
}

TEST_CASE("an extended error goes where there is room, its text first to go") {
  const ExtendedError error{InfoCode::kNotReady, "not yet"};
  Writer plain("a.test. A", "SERVFAIL\n");
  CHECK(plain.text({.error = &error}) == "SERVFAIL rd ra\n");
  Writer writer("a.test. A +edns", "SERVFAIL\n");
  CHECK(writer.text({.error = &error}) ==
        "SERVFAIL rd ra\n; edns 1232 ede=14 \"not yet\"\n");
  // 512 - 24 - 11 - 6 octets are left for the text.
  for (const std::size_t size : {471UL, 472UL}) {
    const ExtendedError longer{InfoCode::kOther, std::string(size, 'x')};
    Writer small("a.test. A +edns=512", "SERVFAIL\n");
    CHECK(small.text({.error = &longer}) ==
          "SERVFAIL rd ra\n; edns 1232 ede=0 \"" +
              std::string(size == 471 ? size : 0, 'x') + "\"\n");
    CHECK(small.octets({.error = &longer}).size() <= 512);
  }
}

TEST_CASE("an upstream's errors stand behind ours, while there is room") {
  ExtendedError error{InfoCode::kNotReady, "not yet"};
  error.theirs = {{InfoCode{6}, "bogus"}, {InfoCode{9}, "no key"}};
  Writer writer("a.test. A +edns", "SERVFAIL\n");
  const std::string theirs = " ede=6 \"bogus\" ede=9 \"no key\"\n";
  CHECK(writer.text({.error = &error}) ==
        "SERVFAIL rd ra\n; edns 1232 ede=14 \"not yet\"" + theirs);
  error.is_ours = false;
  CHECK(writer.text({.error = &error}) ==
        "SERVFAIL rd ra\n; edns 1232" + theirs);
  error.theirs.front().text.assign(472, 'x');
  Writer small("a.test. A +edns=512", "SERVFAIL\n");
  CHECK(small.text({.error = &error}) ==
        "SERVFAIL rd ra\n; edns 1232 ede=6 \"\" ede=9 \"no key\"\n");
}

TEST_CASE("the upper bits of an rcode are in the OPT record") {
  Writer writer("a.test. A +edns", "NOERROR\n");
  CHECK(writer.text({.extended_rcode = 16}) == "BADVERS rd ra\n; edns 1232\n");
}

TEST_CASE("the question's ID, RD and CD are the reply's") {
  Writer writer("a.test. A +id=43981 +cd +norec", addresses(1, 1));
  const auto reply = writer.octets();
  CHECK(reply[0] == 0xAB);
  CHECK(reply[1] == 0xCD);
  CHECK(message_text(reply).starts_with("NOERROR ra cd\n"));
}

TEST_CASE("AD is for those who know it (RFC 6840 5.8)") {
  const std::string message = "NOERROR ad\n" + addresses(1, 1);
  CHECK(Writer("a.test. A", message).text().starts_with("NOERROR ra\n") ==
        false);  // RD is copied from the query
  CHECK(Writer("a.test. A", message).text().starts_with("NOERROR rd ra\n"));
  CHECK(Writer("a.test. A +ad", message)
            .text()
            .starts_with("NOERROR rd ra ad\n"));
  CHECK(Writer("a.test. A +do", message)
            .text()
            .starts_with("NOERROR rd ra ad\n"));
  CHECK(
      Writer("a.test. A +edns", message).text().starts_with("NOERROR rd ra\n"));
}

TEST_CASE("what cannot be understood is refused with a header alone") {
  Octets message(100, 0xFF);
  ReplyWriter writer;
  message[2] = 0x7F;  // no response, opcode 15, AA, TC, RD; RA, Z, AD, CD
  const auto reply = writer.refuse(message, Rcode::kNotImp);
  REQUIRE(reply.size() == kHeaderSize);
  const MessageReader header(reply);
  CHECK(header.id() == 0xFFFF);
  CHECK(header.flags() == (flag::kQr | 15U << 11 | flag::kRd | flag::kCd | 4U));
  CHECK(header.question_count() == 0);
  CHECK(header.additional_count() == 0);
  // The reply has no bits of an earlier reply.
  message[2] = message[3] = 0;
  CHECK(MessageReader(writer.refuse(message, Rcode::kFormErr)).flags() ==
        (flag::kQr | 1U));
}
