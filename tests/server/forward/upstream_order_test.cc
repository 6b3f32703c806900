// The order of upstreams and the transport to them, as a UpstreamGroup says.
#include <doctest/doctest.h>

#include <string>

#include "tests/server/forwarders.h"

namespace canopy {
namespace {

UpstreamGroup over_tcp(std::vector<SocketAddress> servers) {
  return {.servers = std::move(servers), .first_transport = Transport::kTcp};
}

UpstreamGroup as_written(std::vector<SocketAddress> servers) {
  return {.servers = std::move(servers), .order = UpstreamOrder::kAsWritten};
}

TEST_CASE("as written: only the first upstream is asked while it answers") {
  ScriptedUpstream first(always({}));
  ScriptedUpstream second(always({}));
  Forwarders forwarders(as_written({first.endpoint(), second.endpoint()}));
  for (int i = 0; i < 10; ++i) {
    CHECK(answers_in(forwarders.ask(
              query_for("n" + std::to_string(i) + ".example"))) == 1);
  }
  // A slow machine may make a query go out again, but not to the second alone.
  CHECK(first.asked() >= 10);
}

TEST_CASE("as written: the next upstream is asked when one refuses") {
  ScriptedUpstream bad(always({.rcode = 5, .addresses = 0}));
  ScriptedUpstream good(always({}));
  Forwarders forwarders(as_written({bad.endpoint(), good.endpoint()}));
  CHECK(answers_in(forwarders.ask(query_for("www.example"))) == 1);
  CHECK(bad.asked() >= 1);
  CHECK(good.asked() >= 1);
}

TEST_CASE("TCP first: nothing is sent over UDP") {
  std::atomic<int> over_udp{0};
  ScriptedUpstream upstream([&](const Octets& question, Transport transport) {
    if (transport == Transport::kUdp) ++over_udp;
    return Messages{reply_to(question)};
  });
  {
    Forwarders forwarders(over_tcp({upstream.endpoint()}));
    for (int i = 0; i < 5; ++i) {
      CHECK(answers_in(forwarders.ask(
                query_for("n" + std::to_string(i) + ".example"))) == 1);
    }
  }
  CHECK(upstream.asked_over_tcp() >= 5);
  CHECK(over_udp == 0);
}

TEST_CASE("TCP first: a refusal is asked in a plainer form over TCP too") {
  std::atomic<int> over_udp{0};
  ScriptedUpstream upstream([&](const Octets& question, Transport transport) {
    if (transport == Transport::kUdp) ++over_udp;
    return Messages{reply_to(question, {.rcode = 4, .addresses = 0})};
  });
  {
    Forwarders forwarders(over_tcp({upstream.endpoint()}));
    CHECK(rcode_in(forwarders.ask(query_for("www.example"))) == 4);
  }
  CHECK(over_udp == 0);
}

TEST_CASE("TCP first: an upstream that refuses connections is passed over") {
  ScriptedUpstream bad(always({}));
  bad.refuse_tcp();
  ScriptedUpstream good(always({}));
  UpstreamGroup group = over_tcp({bad.endpoint(), good.endpoint()});
  group.order = UpstreamOrder::kAsWritten;
  Forwarders forwarders(std::move(group));
  CHECK(answers_in(forwarders.ask(query_for("www.example"))) == 1);
  CHECK(bad.asked() == 0);
}

TEST_CASE("TCP first: without any connection the query fails with a reason") {
  const SocketAddress nobody = closed_port();
  Forwarders forwarders(over_tcp({nobody}));
  const ForwardOutcome outcome = forwarders.ask(query_for("www.example"));
  CHECK_FALSE(outcome.answer);
  CHECK(outcome.failure.starts_with(to_text(nobody) + " "));
}

TEST_CASE("a listener's own upstreams are asked for the same name") {
  ScriptedUpstream node(always({.addresses = 1}));
  ScriptedUpstream pods(always({.addresses = 2}));
  Forwarders forwarders({node.endpoint()}, 2);
  std::vector<Listener> listeners(2);
  listeners[0].blocks = {
      {.domain = Name(), .upstreams = UpstreamGroup{{node.endpoint()}}}};
  listeners[1].blocks = {
      {.domain = Name(), .upstreams = UpstreamGroup{{pods.endpoint()}}}};
  forwarders.store.publish(std::make_shared<const Plan>(std::move(listeners)));
  const Query query = query_for("www.example");
  for (const std::size_t worker : {0, 1}) {
    CHECK(answers_in(forwarders.ask(query, worker, kSomebody, 0)) == 1);
    CHECK(answers_in(forwarders.ask(query, worker, kSomebody, 1)) == 2);
  }
}

}  // namespace
}  // namespace canopy
