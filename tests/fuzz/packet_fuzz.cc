// A client's octets and an upstream's through a whole QueryHandler.  What
// comes out must be a reply: to this question, not too large, well formed; and
// it must not take more work or memory than the size of the octets allows.
//
// Input: one octet of options, one of the packet's size, the packet, and what
// the upstream answers behind its question.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "server/answer/query_handler.h"
#include "server/forward/upstream_answer_reader.h"
#include "tests/support/cluster_zone.h"
#include "tests/support/test_plan.h"
#include "tests/support/work_count.h"
#include "zones/message_reader.h"

using namespace canopy;

namespace {

constexpr std::string_view kCluster = R"(
  service  a/w  10.96.0.1 fd00::1 h:80/tcp
  endpoint a/w  10.0.0.1 h:8080/tcp
  service  a/d  headless
  endpoint a/d  10.0.0.7 hostname=d-0 p:1/tcp
  endpoint a/d  10.0.0.8 hostname=d-1 p:1/tcp
  service  a/x  external-name www.example.com
  service  a/y  external-name x.a.svc.cluster.local
  service  a/l  external-name l.a.svc.cluster.local
)";

void require(bool holds) {
  if (!holds) std::abort();
}

struct Options {
  bool zone_tier;
  bool tcp;
  bool fails;     // no upstream answers
  bool verbatim;  // the upstream's octets as they are
  std::chrono::seconds pause;
};

Options options_from(std::uint8_t octet) {
  return {(octet & 1) != 0, (octet & 2) != 0, (octet & 4) != 0,
          (octet & 8) != 0, std::chrono::seconds(octet >> 4)};
}

// Answers with the input's octets, behind the question it was asked unless
// they are to be taken as they are.
class FuzzForwarder final : public Forwarder {
 public:
  FuzzForwarder(std::span<const std::uint8_t> octets, const Options& options)
      : octets_(octets), options_(options) {}

  void forward(const Query& query, std::uint8_t, Client,
               std::unique_ptr<Waiter> waiter) override {
    const auto outcome = std::make_shared<ForwardOutcome>();
    outcome->failure = "nobody is there";
    if (!options_.fails) {
      message_ = message_to(query);
      outcome->answer = reader_.read(ForwardQuestion(query), message_);
      if (outcome->answer) outcome->failure.clear();
    }
    waiter->on_outcome(outcome);
  }

  // What was answered last; empty when nothing was.
  const Octets& message() const { return message_; }

 private:
  Octets message_to(const Query& query) const {
    if (options_.verbatim || octets_.size() < kHeaderSize) {
      return Octets(octets_.begin(), octets_.end());
    }
    const auto header = octets_.first(kHeaderSize);
    Octets message(header.begin(), header.end());
    message[4] = 0;
    message[5] = 1;
    const auto qname = query.qname.wire();
    message.insert(message.end(), qname.begin(), qname.end());
    const auto type = static_cast<std::uint16_t>(query.qtype);
    const auto rr_class = static_cast<std::uint16_t>(query.qclass);
    for (const int octet :
         {type >> 8, type & 0xFF, rr_class >> 8, rr_class & 0xFF}) {
      message.push_back(static_cast<std::uint8_t>(octet));
    }
    message.insert(message.end(), octets_.begin() + kHeaderSize, octets_.end());
    return message;
  }

  std::span<const std::uint8_t> octets_;
  Options options_;
  Octets message_;
  UpstreamAnswerReader reader_;
};

class Sink final : public ReplySink {
 public:
  void send(std::span<const std::uint8_t> message, const Peer&) override {
    ++count_;
    reply_.assign(message.begin(), message.end());
  }
  int take_count() { return std::exchange(count_, 0); }
  const Octets& reply() const { return reply_; }

 private:
  int count_ = 0;
  Octets reply_;
};

std::size_t limit_of(const Query& query, const Options& options) {
  if (options.tcp) return kMaxMessageSize;
  if (!query.edns) return 512;
  return std::min<std::size_t>(query.edns->udp_size, 1232);
}

// Every record can be read, and there is an OPT for those who sent one.
void check_records(const Octets& reply, const Query& query) {
  MessageReader reader(reply);
  require(reader.question().has_value());
  const unsigned all = reader.answer_count() + reader.authority_count() +
                       reader.additional_count();
  unsigned opts = 0;
  for (unsigned i = 0; i < all; ++i) {
    const auto record = reader.record();
    require(record.has_value());
    if (record->type == RrType::kOpt) ++opts;
  }
  require(reader.at_end());
  require(opts == (query.edns ? 1U : 0U));
}

void check_reply(std::span<const std::uint8_t> packet, const Query& query,
                 const Options& options, const Octets& reply) {
  const std::size_t question = kHeaderSize + query.qname.size() + 4;
  require(reply.size() >= question);
  require(reply.size() <= limit_of(query, options));
  require(reply[0] == packet[0] && reply[1] == packet[1]);
  require((reply[2] & 0xF8) == 0x80);  // a response, to a query
  require(reply[4] == 0 && reply[5] == 1);
  require(std::equal(packet.begin() + kHeaderSize,
                     packet.begin() + static_cast<std::ptrdiff_t>(question),
                     reply.begin() + kHeaderSize));
}

// Names of an upstream may point into addresses that move, or into TTLs that
// age; nothing else may come out broken.
bool may_break(const Octets& upstream, std::chrono::seconds age) {
  MessageIndex index;
  if (upstream.empty() || !index.read(upstream)) return false;
  return age.count() > 0 ||
         std::ranges::any_of(index.answer().rrsets, [](const RrsetSpan& rrset) {
           return rrset.rotates && rrset.count > 1;
         });
}

void check_refusal(std::span<const std::uint8_t> packet, const Refusal& refusal,
                   Sink& sink) {
  const int replies = sink.take_count();
  require(replies == (refusal.drop ? 0 : 1));
  if (refusal.drop) return;
  require(sink.reply().size() == kHeaderSize);
  require(sink.reply()[0] == packet[0] && sink.reply()[1] == packet[1]);
}

// Twenty times what honest messages take, and as much as a small one does
// (tests/bounds holds known shapes closer).
void check_work(const test::Work& work, std::size_t octets) {
  require(work.blocks <= 50'000 + 200 * octets);
  require(work.allocations <= 100 + octets / 4);
  require(work.octets <= 100'000 + 100 * octets);
}

test::Work ask(QueryHandler& handler, Sink& sink,
               std::span<const std::uint8_t> packet, const Options& options,
               TimePoint now) {
  Reply reply;
  reply.sink = &sink;
  reply.listener = options.zone_tier ? ListenerId{1, Tier::kZone}
                                     : ListenerId{0, Tier::kCache};
  reply.transport = options.tcp ? Transport::kTcp : Transport::kUdp;
  reply.received = now;
  return test::work_of([&] {
    handler.handle(packet, reply);
    handler.end_batch(now);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const std::unique_ptr<ZoneStore> store = test::cluster_store(kCluster);
  if (size < 2) return 0;
  const Options options = options_from(data[0]);
  const std::size_t packet_size = std::min<std::size_t>(data[1], size - 2);
  const std::span<const std::uint8_t> packet(data + 2, packet_size);
  const std::span<const std::uint8_t> upstream(data + 2 + packet_size,
                                               size - 2 - packet_size);
  AnswerCache cache({.entries = 10});
  FuzzForwarder forwarder(upstream, options);
  QueryCounters counters;
  PlanStore plans;
  plans.publish(test::plan_for());
  QueryHandler handler(*store, plans, cache, forwarder, counters,
                       {"v", "h", false});
  Sink sink;
  const auto query = decode_query(packet);
  TimePoint now{std::chrono::hours(1)};
  for (int i = 0; i < 2; ++i, now += options.pause) {
    const test::Work work = ask(handler, sink, packet, options, now);
    check_work(work, size + sink.reply().size());
    if (!query) {
      check_refusal(packet, query.error(), sink);
      continue;
    }
    require(sink.take_count() == 1);
    check_reply(packet, *query, options, sink.reply());
    if (!may_break(forwarder.message(), options.pause * i)) {
      check_records(sink.reply(), *query);
    }
  }
  return 0;
}
