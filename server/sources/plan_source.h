// Publishes the Plan, from flags, resolv.conf and the kube-dns ConfigMap's
// folder, and publishes another when one of the files changes.  A thread of its
// own watches them; the public functions are for the main thread.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/config/kube_dns_config.h"
#include "server/config/plan_compiler.h"
#include "server/config/settings.h"
#include "server/machine/own_addresses.h"
#include "server/plan/plan_store.h"
#include "server/sources/folder_events.h"
#include "server/sources/upstream_hostnames.h"

namespace canopy {

class PlanSource {
 public:
  // Reads everything and publishes it.  Throws ConfigurationError for a file
  // that is missing or wrong.
  PlanSource(const Settings& settings, PlanStore& store);
  ~PlanSource();

  // Watches the files, and looks up servers that are given by name;
  // those in the cluster's domain at our own `zone_tier` (or cache tier).
  void start(const std::optional<SocketAddress>& zone_tier);
  // Reads everything again.  What is wrong now is logged, and changes nothing.
  void reload();
  void stop();

 private:
  // What the files hold, before it is understood.
  struct Texts {
    KubeDnsTexts dir;
    // Not read where --nameservers makes it needless.
    std::optional<std::string> resolv_conf;
    std::string resolv_conf_error;  // why it could not be read
    bool resolv_conf_is_missing = false;

    friend bool operator==(const Texts&, const Texts&) = default;
  };

  // What was understood last.
  struct Settled {
    Texts texts;
    bool from_resolv_conf = false;
    KubeDnsConfig config;
    std::vector<SocketAddress> general;
    std::string why_none;
  };

  enum class When : std::uint8_t { kChanged, kAlways };

  Texts read_texts() const;
  Settled understand(const Texts& texts) const;
  void find_general(Settled& settled) const;
  void take_resolv_conf(Settled& settled) const;
  bool is_settled(const Texts& texts) const;
  std::vector<SocketAddress> without_ourselves(
      std::vector<SocketAddress> servers, const std::string& where) const;
  void read_again(When when);
  void settle(Settled settled);
  void publish();
  DomainUpstreams general() const;
  DomainUpstreams upstreams_of(const StubDomain& stub) const;
  std::shared_ptr<const Plan> plan_for_names() const;

  const ListenSettings listen_;
  const ForwardSettings settings_;
  const Name cluster_domain_;
  // Upstreams that are ourselves are left out, with a warning.
  const OwnAddresses own_;
  PlanStore& store_;
  std::optional<SocketAddress> zone_tier_;
  Settled settled_;
  // Complained of already.
  std::optional<Texts> bad_texts_;
  bool unreadable_ = false;

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_{io_.get_executor()};
  UpstreamHostnames names_;
  std::optional<FolderEvents> folder_events_;
  std::optional<FolderEvents> resolv_conf_events_;
  std::thread thread_;
};

}  // namespace canopy
