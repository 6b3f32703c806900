#include "tests/support/test_server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/support/message_text.h"
#include "tests/support/oracle.h"
#include "tests/support/query_message.h"
#include "tests/support/test_plan.h"

namespace canopy::test {
namespace {

// RFC 1035 4.1.1; the case of the question must match too.
void check_belongs(const Octets& reply, const Octets& message,
                   const Query& query) {
  REQUIRE(reply.size() >= kHeaderSize);
  const std::size_t question =
      reply.size() == kHeaderSize ? 0 : query.qname.size() + 4;
  REQUIRE(reply.size() >= kHeaderSize + question);
  CHECK(std::equal(reply.begin(), reply.begin() + 2, message.begin()));
  const auto from = message.begin() + kHeaderSize;
  CHECK(std::equal(from, from + static_cast<std::ptrdiff_t>(question),
                   reply.begin() + kHeaderSize));
  const std::string text = message_text(reply);
  CHECK(text.substr(0, text.find("; edns")) == oracle_text(reply));
}

sockaddr_in6 address_of(const TestServer::Way::Client& client) {
  const SocketAddress from(boost::asio::ip::make_address(client.address),
                           client.port);
  sockaddr_in6 address{};
  std::memcpy(&address, from.data(), from.size());
  return address;
}

}  // namespace

TestServer::TestServer(std::string_view cluster, const RecordOptions& options,
                       const CacheLimits& cache)
    : options_(options),
      cluster_(cluster),
      store_(cluster_store(cluster, options)),
      cache_(cache) {
  change_upstreams();
  handler_.emplace(*store_, plans_, cache_, upstreams_, counters_,
                   HandlerOptions{"CanopyDNS test", "a-pod", false});
}

std::unique_ptr<TestServer> TestServer::not_complete() {
  auto server = std::make_unique<TestServer>("");
  server->handler_.reset();
  server->store_ =
      std::make_unique<ZoneStore>(kube::cluster_zones(server->options_), 1);
  server->store_->edit({{}, kube::domain_records(server->options_)});
  server->store_->publish();
  server->handler_.emplace(*server->store_, server->plans_, server->cache_,
                           server->upstreams_, server->counters_,
                           HandlerOptions{});
  return server;
}

std::string TestServer::ask(std::string_view question, Way way) {
  const Query query = query_from_text(question);
  const Octets message = query_message(query);
  const std::vector<Octets> replies = send(message, way);
  if (replies.empty()) return "no reply";
  REQUIRE(replies.size() == 1);
  check_belongs(replies[0], message, query);
  return message_text(replies[0]);
}

std::vector<Octets> TestServer::send(const Octets& message, Way way) {
  Reply reply;
  reply.sink = this;
  reply.listener = {way.listener.value_or(static_cast<std::uint8_t>(way.tier)),
                    way.tier};
  reply.transport = way.transport;
  reply.peer.address = address_of(way.client);
  reply.received = now_;
  handler_->handle(message, reply);
  handler_->end_batch(now_);
  return take_replies();
}

std::vector<Octets> TestServer::take_replies() {
  return std::exchange(replies_, {});
}

void TestServer::publish(std::string_view cluster) {
  replace_cluster(*store_, cluster_, cluster, options_);
  cluster_ = cluster;
}

void TestServer::add_stub_domain(const std::string& domain) {
  stub_domains_.push_back(domain);
  change_upstreams();
}

void TestServer::change_upstreams() {
  plans_.publish(plan_for(stub_domains_, ++upstreams_number_));
}

void TestServer::send(std::span<const std::uint8_t> message, const Peer&) {
  replies_.emplace_back(message.begin(), message.end());
}

}  // namespace canopy::test
