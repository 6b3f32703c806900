#include "server/sources/corefile_plan_source.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "healthz/configuration_error.h"
#include "healthz/log.h"
#include "healthz/read_file.h"
#include "server/config/resolv_conf.h"
#include "server/forward/tls_context.h"
#include "server/machine/own_addresses.h"

namespace canopy {
namespace {

constexpr std::size_t kMaxPem = 1 << 20;

// The addresses that the server blocks listen on.
std::vector<OwnAddresses> own_addresses(const std::vector<ServerBlock>& all) {
  std::vector<OwnAddresses> own;
  for (const ServerBlock& block : all) {
    for (const ServerKey& key : block.keys) {
      own.push_back({block.bind, key.port});
    }
  }
  return own;
}

bool is_own(const std::vector<OwnAddresses>& own, const SocketAddress& server) {
  return std::ranges::any_of(
      own, [&](const OwnAddresses& one) { return one.include(server); });
}

std::string loop_warning(const std::string& where,
                         const SocketAddress& server) {
  return where + ": ignoring upstream " + to_text(server) +
         ": it is this server, a loop; give another address";
}

bool same_places(const Plan& a, const Plan& b) {
  return std::ranges::equal(
      a.listeners(), b.listeners(), [](const Listener& x, const Listener& y) {
        return x.addresses == y.addresses && x.port == y.port;
      });
}

// The directives whose settings only a new process takes; empty: none.
std::string needs_restart(const Settings& now, const Settings& next) {
  if (now.serves_cluster != next.serves_cluster ||
      now.records != next.records || now.selection != next.selection ||
      now.source != next.source) {
    return "kubernetes";
  }
  if (now.http != next.http || now.drain != next.drain) {
    return "health, ready or prometheus";
  }
  return now.log != next.log ? "log" : "";
}

}  // namespace

CorefilePlanSource::CorefilePlanSource(const Settings& settings,
                                       ReadSettings read_settings,
                                       PlanStore& store)
    : read_settings_(std::move(read_settings)),
      store_(store),
      settings_(settings) {
  publish(make(settings_.blocks));
  note_blocks(settings_.blocks);
}

void CorefilePlanSource::start(const std::optional<SocketAddress>&) {
  std::vector<std::string> paths{settings_.corefile,
                                 folder_of(settings_.corefile)};
  const auto add = [&paths](const std::string& file) {
    paths.insert(paths.end(), {file, folder_of(file)});
  };
  for (const ServerBlock& block : settings_.blocks) {
    if (block.hosts) add(block.hosts->file);
    for (const ForwardRule& rule : block.forwards) {
      for (const ForwardTarget& target : rule.to) {
        const auto* const file = std::get_if<std::string>(&target);
        if (file != nullptr) add(*file);
      }
    }
  }
  events_.emplace(io_, std::move(paths),
                  [this] { read_again(When::kChanged); });
  run();
}

void CorefilePlanSource::reload() {
  boost::asio::post(io_, [this] { read_again(When::kAlways); });
}

CorefilePlanSource::Made CorefilePlanSource::make(
    std::vector<ServerBlock> blocks) {
  Made made;
  const std::vector<OwnAddresses> own = own_addresses(blocks);
  ForwardFiles files;
  for (ServerBlock& block : blocks) {
    for (ForwardRule& rule : block.forwards) {
      std::erase_if(rule.to, [&](const ForwardTarget& target) {
        const auto* const server = std::get_if<SocketAddress>(&target);
        if (server == nullptr || !is_own(own, *server)) return false;
        made.warnings.push_back(loop_warning(rule.at, *server));
        return true;
      });
      for (const ForwardTarget& target : rule.to) {
        const auto* const path = std::get_if<std::string>(&target);
        if (path == nullptr || files.servers.contains(*path)) continue;
        files.servers.emplace(*path, read_servers(*path, rule, made));
      }
      if (rule.tls) read_pem_files(rule, files);
    }
  }
  for (auto& [path, file] : files.servers) {
    const std::string& where = path;
    const auto removed =
        std::erase_if(file.servers, [&](const SocketAddress& server) {
          if (!is_own(own, server)) return false;
          made.warnings.push_back(loop_warning(where, server));
          return true;
        });
    if (removed > 0 && file.servers.empty()) {
      file.why_none = path + " names only this server itself";
    }
  }
  made.plan = compile_corefile(blocks, files, hosts_of(blocks, made));
  return made;
}

std::vector<SharedHosts> CorefilePlanSource::hosts_of(
    const std::vector<ServerBlock>& blocks, Made& made) {
  std::vector<SharedHosts> hosts;
  hosts.reserve(blocks.size());
  for (const ServerBlock& block : blocks) {
    hosts.push_back(hosts_tables_.table_of(block, made.warnings));
  }
  hosts_tables_.keep_used();
  return hosts;
}

// Also finds out whether the texts are usable, before a worker needs them.
void CorefilePlanSource::read_pem_files(const ForwardRule& rule,
                                        ForwardFiles& files) {
  const ForwardTls& tls = *rule.tls;
  const auto text_of = [&](const std::string& path) -> std::string {
    if (path.empty()) return {};
    const FileText read = read_file(path, kMaxPem);
    if (!read.ok()) {
      throw ConfigurationError(rule.at + ": tls: " + path + ": " + read.fault);
    }
    // Without a text the system's authorities would be trusted.
    if (read.text.empty()) {
      throw ConfigurationError(rule.at + ": tls: " + path +
                               ": is empty; give a PEM file");
    }
    return files.pem[path] = read.text;
  };
  const TlsUpstream upstream{.server_name = tls.server_name,
                             .authorities = text_of(tls.authorities),
                             .certificate = text_of(tls.certificate),
                             .key = text_of(tls.key)};
  try {
    const TlsContext usable(upstream);
  } catch (const ConfigurationError& error) {
    throw ConfigurationError(rule.at + ": " + error.what());
  }
}

FileServers CorefilePlanSource::read_servers(const std::string& path,
                                             const ForwardRule& rule,
                                             Made& made) {
  const FileText read = read_file(path, kMaxResolvConf);
  if (!read.ok()) {
    throw ConfigurationError(rule.at + ": forward: " + path + ": " +
                             read.fault +
                             "; correct the file name or the file");
  }
  const ResolvConf conf = parse_resolv_conf(read.text);
  for (const std::string& value : conf.ignored) {
    std::string warning = path;
    warning.append(": ignoring nameserver ").append(value);
    made.warnings.push_back(warning.append(": not a usable address"));
  }
  FileServers file{.servers = conf.nameservers, .why_none = {}};
  if (file.servers.empty()) {
    file.why_none = path + " has no usable nameserver";
    made.warnings.push_back(file.why_none);
  }
  return file;
}

// Logs each set of warnings once, not at each check of the files.
void CorefilePlanSource::publish(Made made) {
  store_.publish(std::move(made.plan));
  if (made.warnings == warnings_) return;
  for (const std::string& warning : made.warnings) log_warning("{}", warning);
  warnings_ = std::move(made.warnings);
}

void CorefilePlanSource::read_again(When when) {
  try {
    // Without the directive `reload` only the files of servers and hosts are
    // read again.
    const bool reads_corefile = when == When::kAlways || settings_.reloads;
    take(reads_corefile ? read_settings_() : settings_);
  } catch (const std::exception& error) {
    say_fault(error.what());
  }
}

void CorefilePlanSource::take(Settings next) {
  const std::string directive = needs_restart(settings_, next);
  if (!directive.empty()) {
    throw ConfigurationError(settings_.corefile + ": a change of " + directive +
                             " needs a restart");
  }
  Made made = make(next.blocks);
  if (!same_places(*made.plan, *store_.current())) {
    throw ConfigurationError(settings_.corefile +
                             ": a change of ports or bind addresses needs a "
                             "restart");
  }
  const bool has_changed = *made.plan != *store_.current();
  publish(std::move(made));
  settings_ = std::move(next);
  note_blocks(settings_.blocks);
  if (!fault_.empty()) log_info("{} is valid again", settings_.corefile);
  if (has_changed) log_info("{}: the new plan is in force", settings_.corefile);
  fault_.clear();
}

void CorefilePlanSource::say_fault(const std::string& fault) {
  if (fault == fault_) return;
  fault_ = fault;
  note_failed_reload();
  log_error("{}; keeping the current plan", fault);
}

}  // namespace canopy
