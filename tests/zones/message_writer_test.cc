#include "zones/message_writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "tests/support/cluster_zone.h"
#include "tests/support/message_text.h"
#include "tests/support/oracle.h"
#include "tests/support/query_message.h"
#include "zones/message_reader.h"

using namespace canopy;
using test::message_text;
using test::oracle_text;
using test::query_from_text;

namespace {

// Every part of the map must be where the message has it.
void check_map(const EncodedAnswer& answer) {
  MessageReader reader(answer.message);
  REQUIRE(reader.question());
  std::size_t at = reader.position();
  std::size_t ttl = 0;
  unsigned counts[3] = {};
  for (const RrsetSpan& rrset : answer.rrsets) {
    CHECK(rrset.offset == at);
    for (unsigned i = 0; i < rrset.count; ++i, ++ttl) {
      const auto record = reader.record();
      REQUIRE(record);
      REQUIRE(ttl < answer.ttl_offsets.size());
      CHECK(answer.ttl_offsets[ttl] == record->ttl_offset);
      if (rrset.rotates) {
        CHECK(reader.position() - record->offset == rrset.size / rrset.count);
      }
    }
    at += rrset.size;
    CHECK(reader.position() == at);
    counts[static_cast<std::size_t>(rrset.section)] += rrset.count;
  }
  CHECK(reader.at_end());
  CHECK(ttl == answer.ttl_offsets.size());
  CHECK(counts[0] == reader.answer_count());
  CHECK(counts[1] == reader.authority_count());
  CHECK(counts[2] == reader.additional_count());
}

// Text, by us and by ldns, of the encoded answer.
std::string encoded_text(const Zone& zone, std::string_view question,
                         MessageWriter& writer) {
  const Query query = query_from_text(question);
  Answer answer;
  zone.lookup(query.qname, query.qtype, answer);
  const EncodedAnswer encoded = encode_answer(query, answer, 0, writer);
  check_map(encoded);
  const std::string text = message_text(encoded.message);
  CHECK(text == oracle_text(encoded.message));
  return text;
}

std::string random_label(std::mt19937& random, unsigned labels) {
  return std::string(random() % 2 != 0 ? "l" : "L") +
         std::to_string(random() % labels);
}

std::string random_name(std::mt19937& random) {
  std::string name;
  for (unsigned depth = random() % 5; depth > 0; --depth) {
    name += random_label(random, 5) + '.';
  }
  return name + (random() % 5 != 0 ? "example." : "test.");
}

std::string random_record(std::mt19937& random) {
  std::string owner;
  do {
    owner = random_name(random);
  } while (!owner.ends_with("example."));
  const std::string ttl = ' ' + std::to_string(random() % 1000) + " IN ";
  const std::string number = std::to_string(random() % 200);
  switch (random() % 9) {
    case 0:
      return owner + ttl + "AAAA fd00::" + number;
    case 1:
      return owner + ttl + "MX " + number + ' ' + random_name(random);
    case 2:
      return owner + ttl + "NS " + random_name(random);
    case 3:
      return owner + ttl + "PTR " + random_name(random);
    case 4:
      return owner + ttl + "SRV 0 " + number + " 80 " + random_name(random);
    case 5:
      return owner + ttl + "TXT \"some " + number + "\" \"text\"";
    case 6:
      return owner + ttl + "TYPE65300 \\# 2 0102";
    case 7:
      return owner + ttl + "RP " + random_name(random) + ' ' +
             random_name(random);
    default:
      return owner + ttl + "A 10.0.0." + number;
  }
}

}  // namespace

TEST_CASE("a SOA made ready is the one the writer would write") {
  const std::string cluster = "service prod/db 10.0.0.7 http:80/tcp\n";
  const Zone zones[] = {test::cluster_zone(cluster),
                        test::reverse_zone(cluster)};
  const std::vector<std::string_view> questions[] = {
      {"nothing.prod.svc.cluster.local A", "CLUSTER.local A",
       "db.prod.svc.cluster.local MX", "www.example.com.svc.Cluster.Local A"},
      {"8.0.0.10.in-addr.arpa PTR", "in-addr.arpa A"}};
  MessageWriter writer;
  for (std::size_t i = 0; i < std::size(zones); ++i) {
    for (const std::string_view question : questions[i]) {
      CAPTURE(question);
      const std::string text = encoded_text(zones[i], question, writer);
      const Query query = query_from_text(question);
      Answer answer;
      zones[i].lookup(query.qname, query.qtype, answer);
      REQUIRE(answer.encoded_soa != nullptr);
      answer.encoded_soa = nullptr;
      CHECK(message_text(encode_answer(query, answer, 0, writer).message) ==
            text);
    }
  }
}

TEST_CASE("ldns reads what we write, for every question to random zones") {
  constexpr std::string_view kTypes[] = {"A",   "AAAA",   "MX",    "NS",
                                         "PTR", "SRV",    "TXT",   "SOA",
                                         "ANY", "TYPE17", "CNAME", "TYPE65300"};
  std::mt19937 random(5);
  MessageWriter writer;
  for (int round = 0; round < 60; ++round) {
    std::string lines;
    std::vector<std::string> owners = {"example.", "L0.example."};
    for (unsigned i = 1 + random() % 60; i > 0; --i) {
      const std::string line = random_record(random);
      lines += line + '\n';
      owners.push_back(line.substr(0, line.find(' ')));
    }
    const Zone zone = test::zone_of_records(lines);
    for (int i = 0; i < 40; ++i) {
      const std::string question =
          owners[random() % owners.size()] + ' ' +
          std::string(kTypes[random() % std::size(kTypes)]);
      CAPTURE(question);
      CHECK(encoded_text(zone, question, writer) != "malformed");
    }
  }
}

TEST_CASE("names are compressed, SRV targets are not (RFC 2782)") {
  const Zone zone = test::zone_of_records(R"(
    a.example. 30 IN MX  10 mail.a.example.
    a.example. 30 IN SRV 0 1 80 mail.a.example.
  )");
  MessageWriter writer;
  const auto size = [&](std::string_view question) {
    const Query query = query_from_text(question);
    Answer answer;
    zone.lookup(query.qname, query.qtype, answer);
    return encode_answer(query, answer, 0, writer).message.size();
  };
  const std::size_t question_end = 12 + 11 + 4;
  CHECK(size("a.example. MX") == question_end + 12 + 2 + 5 + 2);
  CHECK(size("a.example. SRV") == question_end + 12 + 6 + 16);
}

TEST_CASE("names far behind in a message are written out") {
  // Each SRV target is new; those behind offset 0x3FFF cannot be pointed to.
  std::string lines;
  for (int i = 0; i < 600; ++i) {
    const std::string target = "target-" + std::to_string(i) + ".example.";
    lines += "s.example. 30 IN SRV 0 1 80 " + target + '\n';
    lines += target + " 30 IN A 10.0." + std::to_string(i / 250) + '.' +
             std::to_string(i % 250) + '\n';
    lines += target + " 30 IN A 10.1." + std::to_string(i / 250) + '.' +
             std::to_string(i % 250) + '\n';
  }
  MessageWriter writer;
  const std::string text =
      encoded_text(test::zone_of_records(lines), "s.example. SRV", writer);
  CHECK_FALSE(writer.is_partial());
  CHECK(text.find("target-599.example. 30 IN A 10.1.2.99\n") !=
        std::string::npos);
}

TEST_CASE("a full table of names costs room, not correctness") {
  Query query = query_from_text("x.example. A");
  MessageWriter writer;
  writer.start(query);
  Name owner;
  for (int i = 0; i < 60; ++i) {
    Name target;
    for (int n = 0; n < 63; ++n) {
      target.append(std::string(1, static_cast<char>('a' + (i + n * i) % 26)));
    }
    owner = target;
    const Record record = name_record(owner, RrType::kNs, 1, target);
    writer.add(Section::kAnswer, owner, RrType::kNs, 1, record.rdata);
  }
  const Name fresh = *Name::from_text("quite.another.name.test");
  for (const auto& address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
    const Record record = address_record(fresh, 1, *ip_from_text(address));
    writer.add(Section::kAnswer, fresh, RrType::kA, 1, record.rdata);
  }
  const EncodedAnswer encoded = writer.finish(Rcode::kNoError, 0);
  check_map(encoded);
  CHECK(message_text(encoded.message) == oracle_text(encoded.message));
}

namespace {

// Of the name at `at`, which moves behind it.
int pointers_of(std::span<const std::uint8_t> message, std::size_t& at) {
  int pointers = 0;
  std::size_t i = at;
  while (message[i] != 0) {
    if ((message[i] & 0xC0) != 0xC0) {
      i += 1U + message[i];
      if (pointers == 0) at = i;
      continue;
    }
    if (++pointers == 1) at = i + 2;
    i = static_cast<std::size_t>(message[i] & 0x3F) << 8 | message[i + 1];
  }
  if (pointers == 0) ++at;
  return pointers;
}

// The most of any owner, and of the name that each record's rdata begins with.
int most_pointers(std::span<const std::uint8_t> message) {
  MessageReader reader(message);
  reader.question();
  int most = 0;
  for (;;) {
    std::size_t at = reader.position();
    const auto record = reader.record();
    if (!record) return most;
    most = std::max(most, pointers_of(message, at));
    at = static_cast<std::size_t>(record->rdata.data() - message.data());
    if (record->type == RrType::kMx) at += 2;
    if (record->type != RrType::kA) {
      most = std::max(most, pointers_of(message, at));
    }
  }
}

}  // namespace

TEST_CASE("no name is made of more than eight pointers") {
  // Each name is the one before with a label in front.
  for (const RrType type : {RrType::kCname, RrType::kPtr, RrType::kMx}) {
    const Query query = query_from_text("q.example. A");
    MessageWriter writer;
    writer.start(query);
    std::vector<Name> names = {*Name::from_text("l.test")};
    for (int i = 0; i < 40; ++i) names.push_back(*names.back().child("l"));
    for (std::size_t i = 1; i < names.size(); ++i) {
      Octets rdata(names[i].wire().begin(), names[i].wire().end());
      if (type == RrType::kMx) rdata.insert(rdata.begin(), 2, 0);
      writer.add(Section::kAnswer, names[i - 1], type, 1, rdata);
    }
    for (int i = 0; i < 3; ++i) {
      writer.add(Section::kAnswer, names.back(), RrType::kA, 1,
                 Octets{10, 0, 0, 1});
    }
    const EncodedAnswer encoded = writer.finish(Rcode::kNoError, 0);
    check_map(encoded);
    CHECK(message_text(encoded.message) == oracle_text(encoded.message));
    CHECK(most_pointers(encoded.message) == 8);
    CHECK_FALSE(writer.is_partial());
  }
}

TEST_CASE("addresses of a name not seen before may still rotate, or not") {
  // The first record spells the owner, the others point to it: they differ in
  // size and must not be taken for equal.
  const Query query = query_from_text("x.example. A");
  MessageWriter writer;
  writer.start(query);
  const Name owner = *Name::from_text("elsewhere.test");
  for (const auto& address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
    const Record record = address_record(owner, 1, *ip_from_text(address));
    writer.add(Section::kAnswer, owner, RrType::kA, 1, record.rdata);
  }
  check_map(writer.finish(Rcode::kNoError, 0));
}

TEST_CASE("one writer writes more messages than its generations count") {
  MessageWriter writer;
  const Zone zone = test::zone_of_records(
      "a.b.c.example. 30 IN MX 1 x.c.example.\n"
      "d.example. 30 IN MX 1 a.b.c.d.example.\n");
  const Query first = query_from_text("a.b.c.example. MX");
  Answer answer;
  zone.lookup(first.qname, first.qtype, answer);
  const EncodedAnswer once = encode_answer(first, answer, 0, writer);
  const Octets expected(once.message.begin(), once.message.end());
  for (int i = 0; i < 70000; ++i) {
    const EncodedAnswer again = encode_answer(first, answer, 0, writer);
    REQUIRE(std::ranges::equal(again.message, expected));
  }
  encoded_text(zone, "d.example. MX", writer);
}

TEST_CASE("an RRset too large for any message is sent in part, fairly") {
  constexpr int kRecords = 6000;  // 16 octets each: 96,000
  std::vector<Record> records;
  ZoneOptions options;
  options.apex = *Name::from_text("example");
  ZoneStore store({options}, 1);
  const Name owner = *Name::from_text("big.example");
  for (int i = 0; i < kRecords; ++i) {
    const Ipv4 address{10, 0, static_cast<std::uint8_t>(i >> 8),
                       static_cast<std::uint8_t>(i)};
    records.push_back(address_record(owner, 30, address));
  }
  store.edit({{}, records});
  store.publish();
  ZoneStore::Reader reader(store);
  const Query query = query_from_text("big.example. A");
  Answer answer;
  reader.current().zones()[0].lookup(query.qname, query.qtype, answer);

  MessageWriter writer;
  std::mt19937 random(2);
  std::map<std::string, int> seen;
  constexpr int kRounds = 300;
  std::size_t sent = 0;
  for (int i = 0; i < kRounds; ++i) {
    const EncodedAnswer encoded =
        encode_answer(query, answer, random(), writer);
    CHECK(writer.is_partial());
    CHECK(encoded.message.size() <= kMaxMessageSize);
    REQUIRE(encoded.rrsets.size() == 1);
    sent = encoded.rrsets[0].count;
    MessageReader message(encoded.message);
    REQUIRE(message.question());
    std::map<std::string, int> once;
    while (const auto record = message.record()) {
      ++once[std::string(record->rdata.begin(), record->rdata.end())];
    }
    CHECK(message.at_end());
    CHECK(once.size() == sent);  // no record twice
    for (const auto& [rdata, count] : once) seen[rdata] += count;
    if (i == 0) check_map(encoded);
  }
  CHECK(sent > 4000);
  CHECK(seen.size() == kRecords);
  // Each is expected in two thirds of the rounds.
  const double expected = double(kRounds) * double(sent) / kRecords;
  for (const auto& [rdata, count] : seen) {
    CHECK(count > expected * 0.7);
    CHECK(count < expected * 1.3);
  }
}

TEST_CASE("what does not fit is left out, what follows and fits is not") {
  const Query query = query_from_text("x.example. TXT");
  MessageWriter writer;
  writer.start(query);
  const Name big = *Name::from_text("big.example");
  const Name small = *Name::from_text("small.example");
  const Octets text(40000, 'x');
  writer.add(Section::kAnswer, big, RrType{65300}, 1, text);
  CHECK_FALSE(writer.is_partial());
  writer.add(Section::kAnswer, big, RrType{65301}, 1, text);
  CHECK(writer.is_partial());
  writer.add(Section::kAnswer, small, RrType::kA, 1, Octets{10, 0, 0, 1});
  const EncodedAnswer encoded = writer.finish(Rcode::kNoError, 0);
  check_map(encoded);
  CHECK(encoded.rrsets.size() == 2);
  writer.start(query);
  CHECK_FALSE(writer.is_partial());
}

TEST_CASE("the header says rcode and flags, and no more") {
  const Query query = query_from_text("x.example. TXT +ad +cd +do");
  MessageWriter writer;
  writer.start(query);
  const EncodedAnswer empty =
      writer.finish(Rcode::kNxDomain, flag::kAa | flag::kRa);
  CHECK(message_text(empty.message) == "NXDOMAIN aa ra\n");
  CHECK(MessageReader(empty.message).id() == 0);
  check_map(empty);
}
