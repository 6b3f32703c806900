// Which messages a forwarder accepts as answers, and what it passes on.
#include <doctest/doctest.h>

#include <mutex>
#include <set>
#include <string>

#include "server/forward/cares_forwarder.h"
#include "tests/server/forwarders.h"

namespace canopy {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

TEST_CASE("TC is asked again over TCP") {
  ScriptedUpstream upstream([](const Octets& question, Transport transport) {
    return Messages{reply_to(
        question, {.addresses = 7, .truncated = transport == Transport::kUdp})};
  });
  Forwarders forwarders({upstream.endpoint()});
  const ForwardOutcome outcome = forwarders.ask(query_for("a.example"));
  CHECK(answers_in(outcome) == 7);
  CHECK_FALSE(outcome.answer->is_truncated);
  CHECK(upstream.asked_over_tcp() == 1);
}

TEST_CASE("answers above 512 octets arrive uncut, over UDP and over TCP") {
  ScriptedUpstream upstream(always({.addresses = 70}));
  Forwarders forwarders({upstream.endpoint()});
  const ForwardOutcome outcome = forwarders.ask(query_for("a.example"));
  CHECK(answers_in(outcome) == 70);
  CHECK(message_in(outcome).size() > 70 * 16);
  ScriptedUpstream large([](const Octets& question, Transport transport) {
    return Messages{reply_to(
        question,
        {.addresses = 3000, .truncated = transport == Transport::kUdp})};
  });
  Forwarders over_tcp({large.endpoint()});
  CHECK(answers_in(over_tcp.ask(query_for("a.example"))) == 3000);
}

TEST_CASE("DO, CD and AD reach the upstream, and AD comes back") {
  std::atomic<int> flags{0};
  std::atomic<int> opt_flags{0};
  std::atomic<int> udp_size{0};
  ScriptedUpstream upstream([&](const Octets& question, Transport) {
    if (is_health_check(question)) return Messages{reply_to(question)};
    flags = question[2] << 8 | question[3];
    // c-ares 1.34 appends a COOKIE option.
    const std::size_t opt = question_end(question);
    udp_size = question[opt + 3] << 8 | question[opt + 4];
    opt_flags = question[opt + 7] << 8 | question[opt + 8];
    return Messages{reply_to(question, {.authentic_data = true})};
  });
  Forwarders forwarders({upstream.endpoint()});
  Query query = query_for("a.example");
  query.edns = Edns{.udp_size = 4096, .version = 0, .dnssec_ok = true};
  query.checking_disabled = true;
  query.authentic_data = true;
  const ForwardOutcome outcome = forwarders.ask(query);
  CHECK(flags == 0x0130);
  CHECK(opt_flags == 0x8000);
  CHECK(udp_size == 1232);
  CHECK((message_in(outcome)[3] & 0x20) != 0);

  forwarders.ask(query_for("b.example"));
  CHECK(flags == 0x0120);  // AD always, RFC 6840 5.7
  CHECK(opt_flags == 0);
}

TEST_CASE("FORMERR from a server without EDNS is asked again without") {
  ScriptedUpstream old([](const Octets& question, Transport) {
    const bool edns = question[11] != 0;
    return Messages{reply_to(
        question,
        {.rcode = edns ? 1 : 0, .addresses = edns ? 0 : 1, .with_opt = false})};
  });
  Forwarders forwarders({old.endpoint()});
  CHECK(rcode_in(forwarders.ask(query_for("a.example"))) == 0);
  CHECK(old.asked() == 2);
}

// True when the query has an OPT record, or an upper-case letter.
bool has_edns(const Octets& question) { return question[11] != 0; }
bool has_capitals(const Octets& question) {
  return std::any_of(question.begin() + 13,
                     question.begin() +
                         static_cast<std::ptrdiff_t>(question_end(question)) -
                         4,
                     [](std::uint8_t c) { return c >= 'A' && c <= 'Z'; });
}
Octets bare_error(const Octets& question, int rcode) {
  Octets header(question.begin(), question.begin() + 12);
  header[2] = 0x81;
  header[3] = static_cast<std::uint8_t>(0x80 | rcode);
  std::fill(header.begin() + 4, header.end(), std::uint8_t{0});
  return header;
}

TEST_CASE(
    "an upstream that does not take EDNS is asked without, from then on") {
  const auto kinds = std::vector<std::function<Messages(const Octets&)>>{
      [](const Octets& q) { return Messages{reply_to(q, {.rcode = 1})}; },
      [](const Octets& q) { return Messages{reply_to(q, {.rcode = 2})}; },
      [](const Octets& q) { return Messages{reply_to(q, {.rcode = 4})}; },
      [](const Octets& q) { return Messages{reply_to(q, {.rcode = 5})}; },
      [](const Octets& q) { return Messages{bare_error(q, 1)}; },
      [](const Octets&) { return Messages(); }};
  for (const auto& refuse : kinds) {
    std::atomic<int> with_edns{0};
    ScriptedUpstream old([&](const Octets& question, Transport) {
      if (!has_edns(question)) {
        return Messages{reply_to(question, {.with_opt = false})};
      }
      ++with_edns;
      return refuse(question);
    });
    Forwarders forwarders({old.endpoint()});
    CHECK(answers_in(forwarders.ask(query_for("a.example"))) == 1);
    const int before = with_edns;
    CHECK(before >= 1);
    CHECK(answers_in(forwarders.ask(query_for("b.example"))) == 1);
    CHECK(with_edns == before);
  }
}

TEST_CASE("an upstream that compares names with case still answers") {
  for (const int rcode : {1, 2, 4, 5, -1}) {
    std::atomic<int> with_capitals{0};
    ScriptedUpstream exact([&](const Octets& question, Transport) {
      if (!has_capitals(question)) return Messages{reply_to(question)};
      ++with_capitals;
      return rcode < 0 ? Messages()
                       : Messages{reply_to(question,
                                           {.rcode = rcode, .addresses = 0})};
    });
    Forwarders forwarders({exact.endpoint()});
    for (int i = 0; i < 4; ++i) {
      CHECK(answers_in(forwarders.ask(
                query_for("n" + std::to_string(i) + ".long.example"))) == 1);
    }
    CHECK(with_capitals <= 2);
  }
}

TEST_CASE("an OPT in the wrong section is skipped, and no more") {
  const auto opt = [] { return Octets{0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0}; };
  int records_before = 0;
  SUBCASE("before all records") {}
  SUBCASE("between two") { records_before = 1; }
  SUBCASE("behind the last") { records_before = 3; }
  ScriptedUpstream odd([&](const Octets& question, Transport) {
    Octets reply = reply_to(question, {.addresses = 3, .with_opt = false});
    const auto at = static_cast<std::ptrdiff_t>(question_end(question)) +
                    16 * records_before;
    const Octets octets = opt();
    reply.insert(reply.begin() + at, octets.begin(), octets.end());
    reply[7] = 4;
    return Messages{reply};
  });
  Forwarders forwarders({odd.endpoint()});
  const ForwardOutcome outcome = forwarders.ask(query_for("a.example"));
  CHECK(answers_in(outcome) == 3);
  const Octets message = message_in(outcome);
  CHECK(message.size() == question_end(message) + 3 * 16);
}

TEST_CASE("an error without its question is a refusal, not silence") {
  for (int rcode = 1; rcode <= 5; ++rcode) {
    ScriptedUpstream bare([=](const Octets& question, Transport) {
      return Messages{bare_error(question, rcode)};
    });
    Forwarders forwarders({bare.endpoint()});
    const ForwardOutcome outcome = forwarders.ask(query_for("a.example"));
    CHECK(rcode_in(outcome) == (rcode == 3 ? 2 : rcode));
    CHECK(bare.asked() <= 3);
  }
}

TEST_CASE("answers above 512 octets do not need TCP") {
  ScriptedUpstream upstream(always({.addresses = 70}));
  upstream.refuse_tcp();
  Forwarders forwarders({upstream.endpoint()});
  CHECK(answers_in(forwarders.ask(query_for("a.example"))) == 70);
  CHECK(upstream.asked() == 1);
}

TEST_CASE("without TCP a truncated answer is handed out as it is") {
  std::atomic<bool> is_cut_in_a_record{false};
  ScriptedUpstream upstream([&](const Octets& question, Transport transport) {
    if (transport == Transport::kTcp) return Messages();
    Octets reply = reply_to(question, {.addresses = 3, .with_opt = false});
    reply[2] |= 2;
    if (is_cut_in_a_record) reply.resize(reply.size() - 3);
    return Messages{reply};
  });
  int addresses = 3;
  SUBCASE("TCP is refused") { upstream.refuse_tcp(); }
  SUBCASE("TCP is silent") {}
  SUBCASE("it is cut in the middle of a record") {
    upstream.refuse_tcp();
    is_cut_in_a_record = true;
    addresses = 0;
  }
  Forwarders forwarders({upstream.endpoint()});
  const ForwardOutcome outcome = forwarders.ask(query_for("a.example"));
  CHECK(answers_in(outcome) == addresses);
  CHECK(outcome.answer->is_truncated);
  CHECK(rcode_in(outcome) == 0);
  CHECK_FALSE(outcome.answer->lifetime);
}

TEST_CASE("a bad answer has the next upstream asked at once") {
  const auto spoil = std::vector<std::function<void(Octets&)>>{
      [](Octets& m) { m.resize(m.size() - 3); },    // cut
      [](Octets& m) { m.resize(20); },              // in the question
      [](Octets& m) { m[m.size() - 11 - 5] = 3; },  // rdata's length
      [](Octets& m) { m[m.size() - 6] = 1; },       // BADVERS
      [](Octets& m) { m[2] &= 0x7f; },              // an echo
      [](Octets& m) { m[13] ^= 1; },                // another question
      [](Octets& m) { m[7] = 9; }};                 // counts
  for (const auto& spoil_message : spoil) {
    const auto bad_reply = [&](const Octets& question, Transport) {
      if (is_health_check(question)) return Messages{reply_to(question)};
      Octets reply = reply_to(question, {.addresses = 2});
      spoil_message(reply);
      return Messages{reply};
    };
    ScriptedUpstream bad(bad_reply);
    ScriptedUpstream good(always({.addresses = 1}));
    Forwarders forwarders({bad.endpoint(), good.endpoint()});
    for (int i = 0; i < 20; ++i) {
      CHECK(answers_in(forwarders.ask(
                query_for("n" + std::to_string(i) + ".example"))) == 1);
    }
    CHECK(forwarders.counts().upstream(bad.endpoint()).bad_messages >= 1);
    // The bad message comes alone, then with the right answer after it.
    ScriptedUpstream both([&](const Octets& question, Transport transport) {
      Messages replies = bad_reply(question, transport);
      replies.push_back(reply_to(question));
      return replies;
    });
    Forwarders alone({both.endpoint()});
    CHECK(answers_in(alone.ask(query_for("a.example"))) == 1);
  }
}

TEST_CASE("answers with a wrong id or question are not taken") {
  ScriptedUpstream forger([](const Octets& question, Transport) {
    Octets wrong_id = reply_to(question, {.addresses = 9});
    wrong_id[0] ^= 0x55;
    Octets wrong_name = reply_to(question, {.addresses = 9});
    wrong_name[13] ^= 1;
    Octets wrong_type = reply_to(question, {.addresses = 9});
    wrong_type[12 + 11 + 1] = 28;
    return Messages{wrong_id, wrong_name, wrong_type,
                    reply_to(question, {.addresses = 1})};
  });
  Forwarders forwarders({forger.endpoint()});
  CHECK(answers_in(forwarders.ask(query_for("a.example"))) == 1);
}

TEST_CASE("a question echoed back is no answer: it is asked again") {
  bool echoed = false;
  ScriptedUpstream echo([&](const Octets& question, Transport) {
    return Messages{std::exchange(echoed, true) ? reply_to(question)
                                                : question};
  });
  Forwarders forwarders({echo.endpoint()});
  CHECK(answers_in(forwarders.ask(query_for("a.example"))) == 1);
}

std::string spelled(const Octets& message) {
  return {message.begin() + 12,
          message.begin() + static_cast<std::ptrdiff_t>(question_end(message))};
}

Octets in_lower_case(Octets message) {
  for (std::size_t i = 12; i < question_end(message); ++i) {
    message[i] = fold(message[i]);
  }
  return message;
}

// Returns the message with the case of each letter inverted, which never
// matches.
Octets other_case(Octets message) {
  for (std::size_t i = 12; i < question_end(message) - 4; ++i) {
    if (fold(message[i]) >= 'a' && fold(message[i]) <= 'z') message[i] ^= 0x20;
  }
  return message;
}

TEST_CASE("each question has a case of its own, the client its own back") {
  std::mutex mutex;
  std::set<std::string> cases;
  ScriptedUpstream upstream([&](const Octets& question, Transport) {
    const std::lock_guard lock(mutex);
    cases.insert(spelled(question));
    return Messages{reply_to(question)};
  });
  Forwarders forwarders({upstream.endpoint()});
  Octets last;
  for (int i = 0; i < 20; ++i) {
    last = message_in(forwarders.ask(query_for("wWw.ExAmPlE.com")));
  }
  {
    const std::lock_guard lock(mutex);
    CHECK(cases.size() > 15);  // of 8,192
  }
  CHECK(spelled(last).starts_with("\3wWw\7ExAmPlE\3com"));
  CHECK(upstream.asked() >= 20);
}

TEST_CASE(
    "an answer with the right id and port, but not the case, is not "
    "taken") {
  // As an attacker spoofs it who cannot see the query.
  ScriptedUpstream upstream([](const Octets& question, Transport transport) {
    if (transport == Transport::kTcp || fold(question[13]) == 'b') {
      return Messages{reply_to(question)};
    }
    return Messages{other_case(reply_to(question, {.addresses = 6})),
                    reply_to(question)};
  });
  Forwarders forwarders({upstream.endpoint()});
  forwarders.ask(query_for("before.poisoned.example"));
  for (int i = 0; i < 10; ++i) {
    CHECK(answers_in(forwarders.ask(
              query_for("n" + std::to_string(i) + ".poisoned.example"))) == 1);
  }
  CHECK(upstream.asked_over_tcp() == 10);
  CHECK(forwarders.counts().upstream(upstream.endpoint()).wrong_case >= 10);
}

TEST_CASE("one forged answer while TCP is silent does not end the case") {
  std::mutex mutex;
  std::set<std::string> forged;
  ScriptedUpstream upstream([&](const Octets& question, Transport transport) {
    if (transport == Transport::kTcp) return Messages();
    const std::lock_guard lock(mutex);
    const std::string name = spelled(in_lower_case(question));
    if (name.starts_with("\5known") || !forged.insert(name).second) {
      return Messages{reply_to(question)};
    }
    return Messages{other_case(reply_to(question, {.addresses = 6}))};
  });
  Forwarders forwarders({upstream.endpoint()});
  CHECK(answers_in(forwarders.ask(query_for("known.example"))) == 1);
  for (int i = 0; i < 3; ++i) {
    CHECK(answers_in(forwarders.ask(
              query_for("n" + std::to_string(i) + ".poisoned.example"))) == 1);
  }
  CHECK(upstream.asked_over_tcp() == 3);
}

TEST_CASE("an upstream that does not keep the case is asked without") {
  bool is_silent = false;
  int asked_over_tcp = 1;
  ScriptedUpstream upstream([&](const Octets& question, Transport transport) {
    if (transport == Transport::kTcp && is_silent) return Messages();
    return Messages{in_lower_case(reply_to(question))};
  });
  SUBCASE("it says so over TCP") {}
  SUBCASE("it is silent over TCP") { is_silent = true; }
  SUBCASE("it refuses TCP") {
    upstream.refuse_tcp();
    asked_over_tcp = 0;
  }
  Forwarders forwarders({upstream.endpoint()});
  for (int i = 0; i < 10; ++i) {
    CHECK(answers_in(forwarders.ask(
              query_for("n" + std::to_string(i) + ".longer.example"))) == 1);
  }
  CHECK(upstream.asked_over_tcp() == asked_over_tcp);
  CHECK(upstream.asked() <= 12);
}

TEST_CASE("names without letters do not hide that the case is lost") {
  ScriptedUpstream upstream([](const Octets& question, Transport) {
    return Messages{in_lower_case(reply_to(question))};
  });
  upstream.refuse_tcp();
  Forwarders forwarders({upstream.endpoint()});
  for (int i = 0; i < 3; ++i) {
    const std::string number = std::to_string(i);
    CHECK(answers_in(forwarders.ask(query_for("10.0.0." + number))) == 1);
    CHECK(answers_in(forwarders.ask(query_for("n" + number + ".longer"))) == 1);
  }
}

TEST_CASE("how a lost question comes back over TCP says nothing of UDP") {
  ScriptedUpstream upstream([](const Octets& question, Transport transport) {
    if (transport == Transport::kTcp) {
      return Messages{in_lower_case(reply_to(question, {.addresses = 2}))};
    }
    if (fold(question[13]) == 'l') return Messages();
    return Messages{fold(question[13]) == 'f' ? other_case(reply_to(question))
                                              : reply_to(question)};
  });
  Forwarders forwarders({upstream.endpoint()});
  auto lost = forwarders.start(query_for("lost.example"));
  // The upstream stays up meanwhile.
  for (int i = 0; lost.wait_for(1ms) != std::future_status::ready; ++i) {
    forwarders.ask(query_for("n" + std::to_string(i) + ".example"));
  }
  CHECK(answers_in(lost.get()) == 2);
  CHECK(answers_in(forwarders.ask(query_for("forged.example"))) == 2);
}

TEST_CASE("the last repeat over UDP is in the client's case, and enough") {
  std::atomic<int> attempts{0};
  ScriptedUpstream upstream([&](const Octets& question, Transport) {
    if (fold(question[13]) != 'd') return Messages{reply_to(question)};
    if (++attempts < kMostAttempts) return Messages();
    return Messages{other_case(reply_to(question))};
  });
  upstream.refuse_tcp();
  Forwarders forwarders({upstream.endpoint()});
  auto disputed = forwarders.start(query_for("disputed.example"));
  // The upstream stays up meanwhile.
  for (int i = 0; disputed.wait_for(20ms) != std::future_status::ready; ++i) {
    forwarders.ask(query_for("n" + std::to_string(i) + ".example"));
  }
  CHECK(answers_in(disputed.get()) == 1);
  CHECK(attempts == kMostAttempts);
}

}  // namespace
}  // namespace canopy
