#include "healthz/probe_question.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/healthz/scripted_server.h"

namespace canopy {
namespace {

const ProbeQuestion kQuestion =
    ProbeQuestion::cluster_version(*Name::from_text("cluster.local"));
const ProbeQuestion kServer = ProbeQuestion::server_version();

TEST_CASE("the question is dns-version TXT") {
  CHECK(kQuestion.to_text() == "dns-version.cluster.local. TXT");
  const std::string expected(
      "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
      "\x0b"
      "dns-version\x07"
      "cluster\x05local\x00\x00\x10\x00\x01",
      12 + 27 + 4);
  const Message message = kQuestion.message(0x1234);
  CHECK(std::string(message.begin(), message.end()) == expected);
}

TEST_CASE("the version is the right answer") {
  const Message query = kQuestion.message(7);
  CHECK(kQuestion.fault_of(reply_to(query, 0, "1.1.0")).empty());
}

TEST_CASE("the answer may have its letters in another case") {
  Message query = kQuestion.message(7);
  query[13] = 'D';
  CHECK(kQuestion.fault_of(reply_to(query, 0, "1.1.0")).empty());
}

TEST_CASE("anything else is a fault, and says which") {
  const Message query = kQuestion.message(7);
  Message other = query;
  other[13] = 'x';  // xns-version
  Message as_a = query;
  as_a[as_a.size() - 3] = 1;  // type A
  Message cut = reply_to(query, 0, "1.1.0");
  cut.resize(cut.size() - 2);

  struct Case {
    Message reply;
    std::string fault;
  };
  const std::string no_version =
      "no \"1.1.0\" in the answer to dns-version.cluster.local. TXT";
  const std::vector<Case> cases{
      {reply_to(query, 2, {}), "SERVFAIL for dns-version.cluster.local. TXT"},
      {reply_to(query, 3, {}), "NXDOMAIN for dns-version.cluster.local. TXT"},
      {reply_to(query, 5, {}), "REFUSED for dns-version.cluster.local. TXT"},
      {reply_to(query, 2, "1.1.0"),
       "SERVFAIL for dns-version.cluster.local. TXT"},
      {reply_to(query, 0, {}), no_version},
      {reply_to(query, 0, "1.0.0"), no_version},
      {reply_to(query, 0, "1.1.0."), no_version},
      {reply_to(query, 0, ""), no_version},
      {query, "the answer is to another question"},
      {reply_to(other, 0, "1.1.0"), "the answer is to another question"},
      {reply_to(as_a, 0, "1.1.0"), "the answer is to another question"},
      {cut, "the answer is not a DNS message"},
      {{}, "the answer is not a DNS message"},
      {{1, 2, 3}, "the answer is not a DNS message"},
  };
  for (const Case& one : cases) {
    CHECK(kQuestion.fault_of(one.reply) == one.fault);
  }
}

TEST_CASE("without a cluster the question is version.bind of class CH") {
  CHECK(kServer.to_text() == "version.bind. CH TXT");
  const std::string expected(
      "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
      "\x07"
      "version\x04"
      "bind\x00\x00\x10\x00\x03",
      12 + 14 + 4);
  const Message message = kServer.message(0x1234);
  CHECK(std::string(message.begin(), message.end()) == expected);
}

TEST_CASE("any text answers version.bind") {
  const Message query = kServer.message(7);
  CHECK(kServer.fault_of(reply_to(query, 0, "CanopyDNS 1.0")).empty());
  CHECK(kServer.fault_of(reply_to(query, 0, "x")).empty());
  CHECK(kServer.fault_of(reply_to(query, 0, "")) ==
        "no text in the answer to version.bind. CH TXT");
  CHECK(kServer.fault_of(reply_to(query, 0, {})) ==
        "no text in the answer to version.bind. CH TXT");
  CHECK(kServer.fault_of(reply_to(query, 5, {})) ==
        "REFUSED for version.bind. CH TXT");
  Message of_class_in = query;
  of_class_in.back() = 1;
  CHECK(kServer.fault_of(reply_to(of_class_in, 0, "x")) ==
        "the answer is to another question");
}

}  // namespace
}  // namespace canopy
