#include "server/report/coredns_metrics.h"

#include <doctest/doctest.h>

#include <string>

#include "server/config/text_values.h"

namespace canopy {
namespace {

ServerBlock block(const std::string& domain, std::uint16_t port) {
  ServerBlock block;
  block.keys = {{*Name::from_text(domain), port}};
  return block;
}

std::string plugins(const std::vector<ServerBlock>& blocks) {
  MetricWriter writer;
  write_coredns_plugins(blocks, writer);
  return writer.text();
}

std::string enabled(const std::string& server, const std::string& zone,
                    const std::string& name) {
  return "coredns_plugin_enabled{server=\"" + server + "\",zone=\"" + zone +
         "\",view=\"\",name=\"" + name + "\"} 1\n";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a server block's directives are its enabled plugins") {
  ServerBlock cluster = block(".", 53);
  cluster.serves_cluster = true;
  cluster.cache.emplace();
  ServerBlock stub = block("corp.example", 5300);
  stub.forwards.emplace_back();
  const std::string text = plugins({cluster, stub});
  CHECK(contains(text, enabled("dns://:53", ".", "kubernetes")));
  CHECK(contains(text, enabled("dns://:53", ".", "cache")));
  CHECK(contains(text, enabled("dns://:5300", "corp.example.", "forward")));
  CHECK_FALSE(contains(text, enabled("dns://:53", ".", "forward")));
  CHECK_FALSE(contains(text, enabled("dns://:5300", "corp.example.", "cache")));
}

TEST_CASE("each key and address of a block has its plugins") {
  ServerBlock both = block("a.example", 53);
  both.keys.push_back({*Name::from_text("b.example"), 1053});
  both.bind = {address_value("127.0.0.1"), address_value("::1")};
  both.cache.emplace();
  const std::string text = plugins({both});
  CHECK(contains(text, enabled("dns://127.0.0.1:53", "a.example.", "cache")));
  CHECK(contains(text, enabled("dns://[::1]:53", "a.example.", "cache")));
  CHECK(contains(text, enabled("dns://127.0.0.1:1053", "b.example.", "cache")));
  CHECK(contains(text, enabled("dns://[::1]:1053", "b.example.", "cache")));
}

TEST_CASE("without a Corefile no plugin is named") {
  CHECK(plugins({}).empty());
  CHECK(plugins({block(".", 53)}).empty());
}

TEST_CASE("an upstream's failed health checks are those of all its domains") {
  const SocketAddress server(address_value("10.0.0.1"), 53);
  const SocketAddress other(address_value("10.0.0.2"), 53);
  ForwardCounts counts;
  counts.health = {
      {.server = server, .domain = ".", .failed_checks = 3},
      {.server = server, .domain = "corp.example.", .failed_checks = 4},
      {.server = other, .domain = "."}};
  MetricWriter writer;
  write_coredns_forward_metrics(counts, writer);
  const std::string text = writer.text();
  CHECK(contains(text,
                 "coredns_forward_healthcheck_failures_total"
                 "{to=\"10.0.0.1:53\"} 7\n"));
  CHECK(contains(text,
                 "coredns_proxy_healthcheck_failures_total"
                 "{proxy_name=\"forward\",to=\"10.0.0.1:53\"} 7\n"));
  CHECK(contains(text,
                 "coredns_forward_healthcheck_failures_total"
                 "{to=\"10.0.0.2:53\"} 0\n"));
}

TEST_CASE("rejects are the sheds for any reason") {
  ForwardCounts counts;
  counts.over_share = 1;
  counts.full = 20;
  counts.same_question = 300;
  counts.all_down = 5;
  MetricWriter writer;
  write_coredns_forward_metrics(counts, writer);
  CHECK(contains(writer.text(),
                 "coredns_forward_max_concurrent_rejects_total 321\n"));
  CHECK(
      contains(writer.text(), "coredns_forward_healthcheck_broken_total 5\n"));
}

TEST_CASE("an upstream has a series for each response code it gave") {
  ForwardCounts counts;
  UpstreamCounts& upstream = counts.upstream({address_value("10.0.0.1"), 53});
  upstream.asked = 9;
  AnswerTimesCounts& servfail =
      upstream.answers[std::size_t(RcodeClass::kServFail)];
  servfail.durations[3] = 2;
  servfail.nanoseconds = 500'000'000;
  MetricWriter writer;
  write_coredns_forward_metrics(counts, writer);
  const std::string text = writer.text();
  CHECK(
      contains(text, "coredns_forward_requests_total{to=\"10.0.0.1:53\"} 9\n"));
  const std::string labels = "{to=\"10.0.0.1:53\",rcode=\"SERVFAIL\"} ";
  CHECK(contains(text, "coredns_forward_responses_total" + labels + "2\n"));
  CHECK(contains(
      text, "coredns_forward_request_duration_seconds_sum" + labels + "0.5\n"));
  CHECK_FALSE(contains(text, "NOERROR"));
}

}  // namespace
}  // namespace canopy
