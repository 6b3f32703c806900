// The directive forward (coredns.io/plugins/forward).
#include <algorithm>
#include <array>

#include "server/config/choices.h"
#include "server/config/corefile_directives.h"
#include "server/config/corefile_words.h"
#include "server/config/corefile_zones.h"

namespace canopy {
namespace {

constexpr std::size_t kMostUpstreams = 15;  // as in CoreDNS

ForwardRule& present_rule(CorefileReading& reading) {
  return reading.block.forwards.back();
}

bool is_file(std::string_view text) {
  return text.find("://") == text.npos && text.find('/') != text.npos;
}

bool is_host_name(std::string_view server) {
  if (std::ranges::count(server, ':') > 1) return false;  // IPv6
  const std::string_view host = server.substr(0, server.find(':'));
  return host.find_first_not_of("0123456789.[]") != host.npos;
}

// Returns "dns" for text without a scheme, and removes the scheme.
std::string_view take_scheme(std::string_view& text) {
  const auto end = text.find("://");
  if (end == text.npos) return "dns";
  const std::string_view scheme = text.substr(0, end);
  text.remove_prefix(end + 3);
  return scheme;
}

// Parses "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53", "dns://192.0.2.1",
// "tls://192.0.2.1", or a file such as "/etc/resolv.conf".
ForwardTarget forward_target_value(const std::string& text) {
  if (is_file(text)) return text;
  std::string_view server = text;
  const std::string_view scheme = take_scheme(server);
  if (scheme != "dns" && scheme != "tls") {
    throw ConfigurationError(
        "is not supported: queries are forwarded over UDP, TCP and TLS; give "
        "an IP address, or tls:// with one");
  }
  if (is_host_name(server)) {
    throw ConfigurationError(
        "is a host name, which is not supported yet; give its IP address, or "
        "a file with its folder, such as /etc/resolv.conf");
  }
  constexpr std::uint16_t kTlsPort = 853;  // RFC 7858 3.1
  return server_on_port_value(server, scheme == "tls" ? kTlsPort : 53);
}

// Removes "%dns.example" of "tls://192.0.2.1%dns.example:853".
std::string take_server_name(std::string& target) {
  const auto begin = target.find('%');
  if (!target.starts_with("tls://") || begin == target.npos) return {};
  const auto end = std::min(target.find_first_of(":]", begin), target.size());
  std::string name = target.substr(begin + 1, end - begin - 1);
  target.erase(begin, end - begin);
  return name;
}

void read_except(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, kMostArguments});
  for (const CorefileToken& word : arguments_of(line)) {
    for (Name& zone : value_of(word, zones_value)) {
      present_rule(reading).except.push_back(zone);
    }
  }
}

// Servers about as fast as the fastest take turns, for random and round_robin.
constexpr std::array kPolicies = {
    Choice<UpstreamOrder>{"random", UpstreamOrder::kFastestFirst},
    Choice<UpstreamOrder>{"round_robin", UpstreamOrder::kFastestFirst},
    Choice<UpstreamOrder>{"sequential", UpstreamOrder::kAsWritten},
};

void read_policy(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, 1});
  present_rule(reading).order = value_of(
      line.words[1],
      [](const std::string& text) { return choice_value(text, kPolicies); });
}

void read_force_tcp(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {0, 0});
  present_rule(reading).first_transport = Transport::kTcp;
}

void read_failover(const CorefileLine& line, CorefileReading&) {
  require_arguments(line, {1, kMostArguments});
  constexpr std::array<std::string_view, 4> kAlways = {"SERVFAIL", "REFUSED",
                                                       "NOTIMP", "FORMERR"};
  for (const CorefileToken& word : arguments_of(line)) {
    if (std::ranges::count(kAlways, word.text) > 0) continue;
    throw ConfigurationError(
        "\"" + word.text +
        "\" is not supported; the next upstream is tried after SERVFAIL, "
        "REFUSED, NOTIMP and FORMERR; remove the line");
  }
}

// tls [CERTIFICATE KEY] [AUTHORITIES].  Only for upstreams with tls://.
void read_forward_tls(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {0, 3});
  auto& tls = present_rule(reading).tls;
  if (!tls) {
    return add_remark(line, reading, "has no effect: no upstream has tls://");
  }
  const auto files = arguments_of(line);
  if (files.size() % 2 == 1) tls->authorities = files.back().text;
  if (files.size() < 2) return;
  tls->certificate = files[0].text;
  tls->key = files[1].text;
}

void read_tls_servername(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, 1});
  auto& tls = present_rule(reading).tls;
  if (!tls) {
    return add_remark(line, reading, "has no effect: no upstream has tls://");
  }
  tls->server_name = line.words[1].text;
}

constexpr const char* kNoNext =
    "is not supported: a query is only forwarded by the first forward for its "
    "name; list all upstreams in one forward";

// Upstreams are always health checked, and queries, connections and time are
// bounded for each upstream.
constexpr CorefileRow kForwardRows[] = {
    {.name = "except", .read = read_except},
    {.name = "policy", .read = read_policy},
    {.name = "force_tcp", .read = read_force_tcp},
    // UDP is tried first unless there is force_tcp.  CoreDNS needs prefer_udp
    // for that when the client used TCP.
    {.name = "prefer_udp", .read = accept_flag},
    {.name = "max_concurrent", .read = accept_number},
    {.name = "max_fails", .read = accept_number},
    {.name = "max_connect_attempts", .read = accept_number},
    {.name = "max_idle_conns", .read = accept_number},
    {.name = "max_age", .read = accept_duration},
    {.name = "expire", .read = accept_duration},
    {.name = "read_timeout", .read = accept_duration},
    {.name = "health_check",
     .read =
         [](const CorefileLine& line, CorefileReading&) {
           require_arguments(line, {1, 4});
         }},
    {.name = "failfast_all_unhealthy_upstreams", .read = accept_flag},
    {.name = "failover", .read = read_failover},
    {.name = "next", .why_not = kNoNext},
    {.name = "next_on_nodata", .why_not = kNoNext},
    {.name = "tls", .read = read_forward_tls},
    {.name = "tls_servername", .read = read_tls_servername},
    {.name = "doh_method",
     .why_not =
         "is not supported: queries are not forwarded over HTTPS; remove "
         "the line"},
    {.name = "source_address",
     .why_not = "is not supported: the kernel chooses the source address; "
                "remove the line"},
    {.name = "resolver",
     .why_not = "is not supported: upstreams are given as IP addresses; "
                "remove the line"},
};

// All upstreams of a rule share its way to them.
void require_one_kind(const CorefileToken& word, const ForwardRule& rule) {
  const bool is_tls = word.text.starts_with("tls://");
  if (rule.to.empty() || is_tls == rule.tls.has_value()) return;
  throw ConfigurationError(
      "\"" + word.text +
      "\": upstreams with and without tls:// in one forward are not "
      "supported; give all of them tls://, or none");
}

void add_target(const CorefileToken& word, ForwardRule& rule) {
  require_one_kind(word, rule);
  CorefileToken plain = word;
  const std::string server_name = take_server_name(plain.text);
  ForwardTarget target = value_of(plain, forward_target_value);
  if (word.text.starts_with("tls://") && !rule.tls) rule.tls.emplace();
  if (!server_name.empty()) rule.tls->server_name = server_name;
  if (std::ranges::count(rule.to, target) == 0) {
    rule.to.push_back(std::move(target));
  }
}

}  // namespace

const CorefileTable kForwardOptions{kForwardRows};

void read_forward(const CorefileLine& line, CorefileReading& reading) {
  ForwardRule& rule = reading.block.forwards.emplace_back();
  rule.at = line.at().text();
  require_arguments(line, {2, 1 + kMostUpstreams});
  const auto words = arguments_of(line);
  const std::vector<Name> from = value_of(words[0], zones_value);
  if (from.size() > 1) {
    throw ConfigurationError("\"" + words[0].text + "\" is " +
                             std::to_string(from.size()) +
                             " reverse zones; write one forward for each, "
                             "such as forward " +
                             domain_text(from[0]));
  }
  rule.from = from[0];
  for (const CorefileToken& word : words.subspan(1)) add_target(word, rule);
  if (rule.tls) rule.first_transport = Transport::kTcp;
}

}  // namespace canopy
