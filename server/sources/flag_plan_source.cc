#include "server/sources/flag_plan_source.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "healthz/configuration_error.h"
#include "healthz/log.h"
#include "healthz/read_file.h"
#include "server/config/resolv_conf.h"
#include "server/net/address.h"

namespace canopy {
namespace {

std::string list_text(const std::vector<SocketAddress>& servers) {
  std::string text;
  for (const SocketAddress& server : servers) {
    text += (text.empty() ? "" : ", ") + to_text(server);
  }
  return text.empty() ? "none" : text;
}

// Replaces an unspecified address by the loopback address.
SocketAddress reachable(const SocketAddress& listener) {
  if (!listener.address().is_unspecified()) return listener;
  if (listener.address().is_v6()) {
    return {boost::asio::ip::address_v6::loopback(), listener.port()};
  }
  return {boost::asio::ip::address_v4::loopback(), listener.port()};
}

}  // namespace

FlagPlanSource::FlagPlanSource(const Settings& settings, PlanStore& store)
    : listen_(settings.listen),
      settings_(settings.forward),
      cluster_domain_(settings.records.domain),
      own_{listen_.addresses, listen_.dns_port},
      store_(store),
      names_(io_, [this] { publish(); }) {
  settled_ = understand(read_texts());
  publish();
}

void FlagPlanSource::start(const std::optional<SocketAddress>& own_tier) {
  if (own_tier) own_tier_ = reachable(*own_tier);
  boost::asio::post(io_, [this] { settle(std::move(settled_)); });
  const auto look = [this] { read_again(When::kChanged); };
  if (!settings_.kube_dns_folder.empty()) {
    folder_events_.emplace(io_, std::vector{settings_.kube_dns_folder}, look);
  }
  if (settings_.nameservers.empty()) {
    resolv_conf_events_.emplace(
        io_,
        std::vector{settings_.resolv_conf, folder_of(settings_.resolv_conf)},
        look);
  }
  run();
}

void FlagPlanSource::reload() {
  boost::asio::post(io_, [this] {
    read_again(When::kAlways);
    names_.refresh();
  });
}

FlagPlanSource::Texts FlagPlanSource::read_texts() const {
  Texts texts;
  if (!settings_.kube_dns_folder.empty()) {
    texts.kube_dns = read_kube_dns_config(settings_.kube_dns_folder);
  }
  if (settings_.nameservers.empty()) {
    FileText read = read_file(settings_.resolv_conf, kMaxResolvConf);
    texts.resolv_conf_error = read.fault;
    texts.resolv_conf_is_missing = read.missing;
    if (read.ok()) texts.resolv_conf = std::move(read.text);
  }
  return texts;
}

FlagPlanSource::Settled FlagPlanSource::understand(const Texts& texts) const {
  Settled settled;
  settled.texts = texts;
  settled.config = parse_config(settings_.kube_dns_folder, texts.kube_dns);
  find_general(settled);
  for (const StubDomain& stub : settled.config.stub_domains) {
    warn_of_ourselves(stub);
  }
  return settled;
}

// Takes the upstreams from the config folder, else from the flag, else from
// resolv.conf.
void FlagPlanSource::find_general(Settled& settled) const {
  settled.why_none = "no upstream is configured";
  const auto take = [&](const std::vector<SocketAddress>& servers,
                        const std::string& where) {
    settled.general = without_ourselves(servers, where);
    if (!servers.empty() && settled.general.empty()) {
      settled.why_none = where + " names only this server itself";
    }
  };
  if (settled.config.upstream_nameservers) {
    return take(*settled.config.upstream_nameservers,
                settings_.kube_dns_folder);
  }
  if (!settings_.nameservers.empty()) {
    return take(settings_.nameservers, "--nameservers");
  }
  settled.from_resolv_conf = true;
  take_resolv_conf(settled);
}

void FlagPlanSource::take_resolv_conf(Settled& settled) const {
  const auto& text = settled.texts.resolv_conf;
  if (!text) {
    const std::string what =
        settings_.resolv_conf + ": " + settled.texts.resolv_conf_error;
    if (!settings_.resolv_conf_is_default ||
        !settled.texts.resolv_conf_is_missing) {
      throw ConfigurationError(what +
                               "; correct --resolv-conf or use --nameservers");
    }
    settled.why_none += ": " + what;
    return;
  }
  const ResolvConf conf = parse_resolv_conf(*text);
  for (const std::string& value : conf.ignored) {
    log_warning("{}: ignoring nameserver {}: not a usable address",
                settings_.resolv_conf, value);
  }
  settled.general = without_ourselves(conf.nameservers, settings_.resolv_conf);
  if (settled.general.empty()) {
    settled.why_none +=
        ": " + settings_.resolv_conf + " has no usable nameserver";
  }
}

std::vector<SocketAddress> FlagPlanSource::without_ourselves(
    std::vector<SocketAddress> servers, const std::string& where) const {
  std::erase_if(servers, [&](const SocketAddress& server) {
    if (!own_.include(server)) return false;
    log_warning(
        "{}: ignoring upstream {}: it is this server, a loop; set the "
        "upstreams with --nameservers",
        where, to_text(server));
    return true;
  });
  return servers;
}

// A server that is given by name is looked up later.
void FlagPlanSource::warn_of_ourselves(const StubDomain& stub) const {
  std::vector<SocketAddress> addresses;
  for (const auto& server : stub.servers) {
    const auto* const address = std::get_if<SocketAddress>(&server);
    if (address != nullptr) addresses.push_back(*address);
  }
  without_ourselves(std::move(addresses), settings_.kube_dns_folder);
}

void FlagPlanSource::read_again(When when) {
  // Logs a fault once, not at each check.
  std::optional<Texts> texts;
  try {
    texts = read_texts();
    const bool is_known = is_settled(*texts) || texts == bad_texts_;
    if (is_settled(*texts)) forget_fault();
    if (when == When::kChanged && is_known) return;
    Settled settled = understand(*texts);
    // The file may be half written, so keep the earlier upstreams.
    if (settled.from_resolv_conf && settled.general.empty() &&
        !settled_.general.empty()) {
      throw ConfigurationError(settled.why_none);
    }
    forget_fault();
    log_info("upstreams: {}; stub domains: {}", list_text(settled.general),
             settled.config.stub_domains.size());
    settle(std::move(settled));
  } catch (const std::exception& error) {
    if (!texts && when == When::kChanged && unreadable_) return;
    note_failed_reload();
    log_error("{}; keeping the current upstreams", error.what());
    unreadable_ = !texts;
    bad_texts_ = std::move(texts);
  }
}

void FlagPlanSource::forget_fault() {
  if (bad_texts_ || unreadable_) {
    log_info("the configuration of the upstreams is valid again");
  }
  bad_texts_.reset();
  unreadable_ = false;
}

bool FlagPlanSource::is_settled(const Texts& texts) const {
  return texts.kube_dns == settled_.texts.kube_dns &&
         (!settled_.from_resolv_conf || texts == settled_.texts);
}

void FlagPlanSource::settle(Settled settled) {
  settled_ = std::move(settled);
  std::vector<NamedServer> named;
  for (const StubDomain& stub : settled_.config.stub_domains) {
    for (const auto& server : stub.servers) {
      if (const auto* by_name = std::get_if<NamedServer>(&server)) {
        named.push_back(*by_name);
      }
    }
  }
  names_.ask(plan_for_names());
  names_.watch(named);
  publish();
}

void FlagPlanSource::publish() {
  std::vector<DomainUpstreams> upstreams = {general()};
  for (const StubDomain& stub : settled_.config.stub_domains) {
    upstreams.push_back(upstreams_of(stub));
  }
  store_.publish(compile(listen_, std::move(upstreams), cluster_domain_));
}

DomainUpstreams FlagPlanSource::general() const {
  return {Name(), {settled_.general, settled_.why_none}};
}

DomainUpstreams FlagPlanSource::upstreams_of(const StubDomain& stub) const {
  UpstreamGroup group;
  group.why_none =
      "no server of stub domain " + stub.domain.to_text() + " is known";
  for (const auto& server : stub.servers) {
    if (const auto* endpoint = std::get_if<SocketAddress>(&server)) {
      group.servers.push_back(*endpoint);
      continue;
    }
    const auto found = names_.endpoints_of(std::get<NamedServer>(server));
    group.servers.insert(group.servers.end(), found.begin(), found.end());
  }
  std::erase_if(group.servers, [this](const SocketAddress& server) {
    return own_.include(server);  // understand() has warned
  });
  return {stub.domain, std::move(group)};
}

std::shared_ptr<const Plan> FlagPlanSource::plan_for_names() const {
  std::vector<DomainUpstreams> upstreams = {general()};
  if (own_tier_) {
    upstreams.push_back({cluster_domain_, {.servers = {*own_tier_}}});
  }
  return compile(listen_, std::move(upstreams));
}

}  // namespace canopy
