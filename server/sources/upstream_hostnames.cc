#include "server/sources/upstream_hostnames.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>

#include "healthz/log.h"
#include "server/plan/upstream_text.h"
#include "zones/message_reader.h"

namespace canopy {
namespace {

using std::chrono::seconds;

// The limits of the time between lookups, whatever the TTL.
constexpr seconds kShortest{5};
constexpr seconds kLongest{300};

// Adds the addresses of the answer section and lowers `ttl` to the lowest TTL.
// CNAMEs need no work, because the upstream has followed them.
void add_addresses(std::span<const std::uint8_t> message, RrType type,
                   std::vector<Address>& addresses, std::uint32_t& ttl) {
  MessageReader reader(message);
  if (!reader.question()) return;
  for (int i = 0; i < reader.answer_count(); ++i) {
    const auto record = reader.record();
    if (!record) return;
    ttl = std::min(ttl, record->ttl);
    if (record->type != type) continue;
    if (type == RrType::kA && record->rdata.size() == 4) {
      boost::asio::ip::address_v4::bytes_type octets{};
      std::memcpy(octets.data(), record->rdata.data(), octets.size());
      addresses.emplace_back(boost::asio::ip::address_v4(octets));
    } else if (type == RrType::kAaaa && record->rdata.size() == 16) {
      boost::asio::ip::address_v6::bytes_type octets{};
      std::memcpy(octets.data(), record->rdata.data(), octets.size());
      addresses.emplace_back(boost::asio::ip::address_v6(octets));
    }
  }
}

}  // namespace

struct UpstreamHostnames::Lookup {
  struct Found {
    std::vector<Address> addresses;
    std::uint32_t ttl = std::numeric_limits<std::uint32_t>::max();
  };

  Lookup(boost::asio::io_context& io, const NamedServer& named)
      : server(named), timer(io) {}

  const NamedServer server;
  boost::asio::steady_timer timer;
  Found found;    // of the lookup in flight
  int asked = 0;  // queries in flight
  std::string failure;
  std::vector<Address> addresses;
  bool complained = false;
  bool dropped = false;
};

UpstreamHostnames::UpstreamHostnames(boost::asio::io_context& io,
                                     std::function<void()> on_change)
    : io_(io),
      on_change_(std::move(on_change)),
      forwarder_(io, plans_, pool_, {}) {}

UpstreamHostnames::~UpstreamHostnames() = default;

void UpstreamHostnames::ask(std::shared_ptr<const Plan> plan) {
  plans_.publish(std::move(plan));
}

void UpstreamHostnames::watch(const std::vector<NamedServer>& servers) {
  std::erase_if(lookups_, [&](const auto& item) {
    const bool wanted =
        std::find(servers.begin(), servers.end(), item.first) != servers.end();
    if (!wanted) {
      item.second->dropped = true;
      item.second->timer.cancel();
    }
    return !wanted;
  });
  for (const NamedServer& server : servers) {
    if (lookups_.contains(server)) continue;
    const auto lookup = std::make_shared<Lookup>(io_, server);
    lookups_.emplace(server, lookup);
    start(lookup);
  }
}

std::vector<SocketAddress> UpstreamHostnames::endpoints_of(
    const NamedServer& server) const {
  std::vector<SocketAddress> endpoints;
  const auto found = lookups_.find(server);
  if (found == lookups_.end()) return endpoints;
  for (const Address& address : found->second->addresses) {
    endpoints.emplace_back(address, server.port);
  }
  return endpoints;
}

void UpstreamHostnames::refresh() {
  const auto lookups = lookups_;
  for (const auto& [server, lookup] : lookups) start(lookup);
}

void UpstreamHostnames::start(const std::shared_ptr<Lookup>& lookup) {
  if (lookup->asked > 0) return;
  lookup->timer.cancel();
  lookup->found = {};
  lookup->failure.clear();
  lookup->asked = 2;
  ask_type(lookup, RrType::kA);
  ask_type(lookup, RrType::kAaaa);
}

void UpstreamHostnames::ask_type(const std::shared_ptr<Lookup>& lookup,
                                 RrType type) {
  Query query;
  query.qname = lookup->server.name;
  query.qtype = type;
  forwarder_.forward(
      query, 0, kOurselves,
      waiter_of([this, lookup, type](const ForwardOutcome& outcome) {
        on_answer(lookup, type, outcome);
      }));
}

void UpstreamHostnames::on_answer(const std::shared_ptr<Lookup>& lookup,
                                  RrType type, const ForwardOutcome& outcome) {
  if (outcome.is_late) return;
  if (!outcome.failure.empty()) {
    lookup->failure = with_names(outcome.failure, UpstreamNames::kAddresses);
  } else if (outcome.answer->rcode != Rcode::kNoError) {
    lookup->failure = to_text(outcome.answer->rcode);
  }
  if (outcome.answer) {
    add_addresses(outcome.answer->encoded().message, type,
                  lookup->found.addresses, lookup->found.ttl);
  }
  if (--lookup->asked == 0 && !lookup->dropped) finish(lookup);
}

void UpstreamHostnames::finish(const std::shared_ptr<Lookup>& lookup) {
  const std::string name = lookup->server.name.to_text();
  auto& found = lookup->found;
  seconds next = kShortest;
  if (found.addresses.empty()) {
    // Keeps the last good addresses.  Logs once, not every five seconds.
    if (!std::exchange(lookup->complained, true)) {
      log_warning(
          "stub domain server {} has no address: {}", name,
          lookup->failure.empty() ? "no A or AAAA record" : lookup->failure);
    }
  } else {
    if (std::exchange(lookup->complained, false)) {
      log_info("stub domain server {} has an address again", name);
    }
    next = std::clamp(seconds(found.ttl), kShortest, kLongest);
    std::sort(found.addresses.begin(), found.addresses.end());
    if (found.addresses != lookup->addresses) {
      lookup->addresses = std::move(found.addresses);
      on_change_();
    }
  }
  lookup->timer.expires_after(next);
  lookup->timer.async_wait(
      [this, lookup](const boost::system::error_code& error) {
        if (!error && !lookup->dropped) start(lookup);
      });
}

}  // namespace canopy
