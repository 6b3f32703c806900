// The Plan made from flags, resolv.conf and the kube-dns ConfigMap's folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/config/kube_dns_config.h"
#include "server/config/plan_compiler.h"
#include "server/config/settings.h"
#include "server/machine/own_addresses.h"
#include "server/sources/folder_events.h"
#include "server/sources/plan_source.h"
#include "server/sources/upstream_hostnames.h"

namespace canopy {

class FlagPlanSource final : public PlanSource {
 public:
  FlagPlanSource(const Settings& settings, PlanStore& store);
  ~FlagPlanSource() override { stop(); }

  // Also starts to look up servers that are given by name.
  void start(const std::optional<SocketAddress>& own_tier) override;
  void reload() override;

 private:
  // The contents of the files before parsing.
  struct Texts {
    KubeDnsTexts kube_dns;
    // Not read when --nameservers is set.
    std::optional<std::string> resolv_conf;
    std::string resolv_conf_error;  // why reading failed
    bool resolv_conf_is_missing = false;

    friend bool operator==(const Texts&, const Texts&) = default;
  };

  // The result of the last valid files.
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
  // The next fault is logged again.
  void forget_fault();
  std::vector<SocketAddress> without_ourselves(
      std::vector<SocketAddress> servers, const std::string& where) const;
  void warn_of_ourselves(const StubDomain& stub) const;
  void read_again(When when);
  void settle(Settled settled);
  void publish();
  DomainUpstreams general() const;
  DomainUpstreams upstreams_of(const StubDomain& stub) const;
  std::shared_ptr<const Plan> plan_for_names() const;

  const ListenSettings listen_;
  const ForwardSettings settings_;
  const Name cluster_domain_;
  // Used to leave out upstreams that are ourselves, with a warning.
  const OwnAddresses own_;
  PlanStore& store_;
  std::optional<SocketAddress> own_tier_;
  Settled settled_;
  // The last faulty contents that were logged.
  std::optional<Texts> bad_texts_;
  bool unreadable_ = false;

  UpstreamHostnames names_;
  std::optional<FolderEvents> folder_events_;
  std::optional<FolderEvents> resolv_conf_events_;
};

}  // namespace canopy
