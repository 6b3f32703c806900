#include "server/forward/forward_question.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "zones/message_reader.h"

namespace canopy {
namespace {

ForwardQuestion question_about(std::string_view qname,
                               RrType qtype = RrType::kA) {
  ForwardQuestion question;
  question.qname = *Name::from_text(qname);
  question.qtype = qtype;
  return question;
}

Octets octets_of(const ForwardQuestion& question, CaseBits case_bits = 0,
                 WithEdns edns = WithEdns::kYes) {
  const QuestionMessage message(question, 0x1234, edns, case_bits);
  return {message.octets().begin(), message.octets().end()};
}

// A response that repeats the question as it was sent.
Octets response_to(const ForwardQuestion& question, CaseBits case_bits = 0) {
  Octets message = octets_of(question, case_bits, WithEdns::kNo);
  message[2] |= 0x80;
  return message;
}

// The qname as it was sent, in presentation form.
std::string sent_name(const ForwardQuestion& question, CaseBits case_bits) {
  const Octets message = octets_of(question, case_bits);
  MessageReader reader(message);
  const auto read = reader.question();
  REQUIRE(read);
  return read->qname.to_text();
}

// 255 octets, of them 250 letters.
std::string longest_name() {
  std::string text;
  for (const std::size_t size : {63, 63, 63, 61}) {
    text += std::string(size, 'x') + '.';
  }
  return text;
}

TEST_CASE("a forwarded question is a header, the question and an OPT") {
  const ForwardQuestion question = question_about("a.b", RrType::kAaaa);
  CHECK(octets_of(question) == Octets{0x12, 0x34, 0x01, 0x20, 0, 1,   0, 0,
                                      0,    0,    0,    1,    1, 'a', 1, 'b',
                                      0,    0,    28,   0,    1, 0,   0, 41,
                                      4,    208,  0,    0,    0, 0,   0, 0});
  CHECK(octets_of(question, 0, WithEdns::kNo) ==
        Octets{0x12, 0x34, 0x01, 0x20, 0,   1, 0, 0,  0, 0, 0,
               0,    1,    'a',  1,    'b', 0, 0, 28, 0, 1});
}

TEST_CASE("DO and CD go to the upstream as the client sent them") {
  Query query;
  query.qname = *Name::from_text("a.");
  CHECK_FALSE(ForwardQuestion(query).dnssec_ok);
  CHECK_FALSE(ForwardQuestion(query).checking_disabled);
  query.edns = Edns{};
  query.edns->dnssec_ok = true;
  query.checking_disabled = true;
  const Octets message = octets_of(ForwardQuestion(query));
  CHECK(message[3] == 0x30);
  CHECK(message[message.size() - 4] == 0x80);
  // Without EDNS there is no place for DO.
  CHECK(octets_of(ForwardQuestion(query), 0, WithEdns::kNo).size() ==
        message.size() - 11);
}

TEST_CASE("the longest name fits, in any case") {
  const ForwardQuestion question = question_about(longest_name());
  REQUIRE(question.qname.size() == 255);
  for (const CaseBits bits : {CaseBits{0}, CaseBits{1}, ~CaseBits{0}}) {
    const Octets message = octets_of(question, bits);
    CHECK(message.size() == 12 + 255 + 4 + 11);
    CHECK(is_answer_to(question, response_to(question, bits)));
  }
}

TEST_CASE("a bit for each octet gives the letters their case") {
  const ForwardQuestion question = question_about("wWw.Ab1-_.x");
  CHECK(sent_name(question, 0) == "wWw.Ab1-_.x.");  // the client's
  CHECK(sent_name(question, ~CaseBits{0}) == "www.ab1-_.x.");
  // Bit 0 is of a length octet: so all letters are upper case.
  CHECK(sent_name(question, 1) == "WWW.AB1-_.X.");
  CHECK(sent_name(question, 0b100010) == "wWW.aB1-_.X.");
}

TEST_CASE("beyond 64 octets the bits come again") {
  const ForwardQuestion question = question_about(longest_name());
  const Octets message = octets_of(question, 0x2);
  for (std::size_t at = 0; at < 255; ++at) {
    const std::uint8_t octet = message[12 + at];
    if (octet < 64) continue;  // a length
    CAPTURE(at);
    CHECK(octet == (at % 64 == 1 ? 'x' : 'X'));
  }
}

TEST_CASE("only letters have a case") {
  ForwardQuestion question;
  REQUIRE(question.qname.append("@[`{\xc3\xa4Z\x7f\x41z"));
  const Octets message = octets_of(question, ~CaseBits{0});
  const std::string label(message.begin() + 13, message.begin() + 23);
  CHECK(label ==
        "@[`{\xc3\xa4z\x7f"
        "az");
}

TEST_CASE("a response to the question answers it, in any case") {
  const ForwardQuestion question = question_about("www.Example.com");
  for (const CaseBits bits : {CaseBits{0}, CaseBits{0x5555}, ~CaseBits{0}}) {
    CHECK(is_answer_to(question, response_to(question, bits)));
    CHECK(has_case_bits(question, bits, response_to(question, bits)));
  }
  CHECK_FALSE(has_case_bits(question, 0x5555, response_to(question, 0xAAAA)));
  CHECK_FALSE(has_case_bits(question, 0x5555, response_to(question)));
}

TEST_CASE("what is no response to the question does not answer it") {
  const ForwardQuestion question = question_about("www.example.com");
  const Octets right = response_to(question);
  struct Case {
    const char* what;
    std::size_t at;
    std::uint8_t value;
  };
  for (const Case& one :
       {Case{"a query", 2, 0x01}, Case{"another opcode", 2, 0xA8},
        Case{"no question", 5, 0}, Case{"two questions", 5, 2},
        Case{"256 more questions", 4, 1}, Case{"another name", 13, 'x'},
        Case{"another length", 12, 2}, Case{"another type", 30, 28},
        Case{"another class", 32, 3}, Case{"a type's first octet", 29, 1}}) {
    CAPTURE(one.what);
    Octets message = right;
    REQUIRE(message[one.at] != one.value);
    message[one.at] = one.value;
    CHECK_FALSE(is_answer_to(question, message));
  }
  for (std::size_t size = 0; size < right.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(is_answer_to(question, std::span(right).first(size)));
  }
}

TEST_CASE("a bare error has an rcode and no records") {
  const Octets error{0x12, 0x34, 0x80, 0x01, 0, 0, 0, 0, 0, 0, 0, 0};
  CHECK(is_bare_error(error));
  CHECK(rcode_of(error) == Rcode::kFormErr);
  Octets with_opt = error;  // an OPT record is no harm
  with_opt[11] = 1;
  CHECK(is_bare_error(with_opt));
  for (std::size_t size = 0; size < error.size(); ++size) {
    CHECK_FALSE(is_bare_error(std::span(error).first(size)));
  }
  struct Case {
    const char* what;
    std::size_t at;
    std::uint8_t value;
  };
  for (const Case& one :
       {Case{"a query", 2, 0}, Case{"another opcode", 2, 0xA8},
        Case{"no error", 3, 0}, Case{"a question", 5, 1},
        Case{"an answer", 7, 1}, Case{"256 answers", 6, 1},
        Case{"an authority", 9, 1}}) {
    CAPTURE(one.what);
    Octets message = error;
    message[one.at] = one.value;
    CHECK_FALSE(is_bare_error(message));
  }
}

TEST_CASE("a response without records repeats the question as it is") {
  const ForwardQuestion question = question_about("wWw.example.com");
  const Octets message =
      response_without_records(question, Rcode::kServFail, flag::kTc);
  CHECK(is_answer_to(question, message));
  CHECK(has_case_bits(question, 0, message));
  CHECK(rcode_of(message) == Rcode::kServFail);
  MessageReader reader(message);
  CHECK(reader.flags() == (flag::kQr | flag::kTc | flag::kRd | flag::kRa | 2));
  CHECK(reader.question());
  CHECK(reader.at_end());
  CHECK(reader.answer_count() + reader.authority_count() +
            reader.additional_count() ==
        0);
}

}  // namespace
}  // namespace canopy
