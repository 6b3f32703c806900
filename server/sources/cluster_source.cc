#include "server/sources/cluster_source.h"

#include <optional>
#include <utility>

#include "kubewatch/access/credentials.h"
#include "kubewatch/api/api_source.h"
#include "kubewatch/manifests/manifests.h"
#include "kubewatch/snapshot/snapshot_keeper.h"

namespace canopy {
namespace {

// For a Corefile without the directive `kubernetes`.
class NoCluster final : public ClusterSource {
 public:
  SourceReport check() override { return {}; }
  void start() override {}
  void stop() override {}
  void reload() override {}
};

std::optional<kube::ServiceCidr> service_cidr(const Settings& settings) {
  if (!settings.source.service_cidr) return std::nullopt;
  const auto network =
      ip_from_text(settings.source.service_cidr->address.to_string());
  return kube::ServiceCidr{*network, settings.source.service_cidr->prefix};
}

class Manifests final : public ClusterSource {
 public:
  Manifests(const Settings& settings, kube::ClusterWatch& watch)
      : source_({.paths = {settings.source.manifests.begin(),
                           settings.source.manifests.end()},
                 .service_cidr = service_cidr(settings)},
                watch) {}

  SourceReport check() override {
    kube::ManifestSurvey survey = source_.survey();
    return {std::move(survey.faults), std::move(survey.lines)};
  }
  void start() override { source_.start(); }
  void stop() override { source_.stop(); }
  void reload() override { source_.reload(); }

 private:
  kube::ManifestSource source_;
};

class ApiServer final : public ClusterSource {
 public:
  ApiServer(kube::ClusterAccess access,
            std::optional<kube::SnapshotOptions> snapshot,
            kube::ClusterWatch& watch)
      : source_(std::move(access), {}, watch) {
    if (snapshot) keeper_.emplace(std::move(*snapshot), watch);
  }

  SourceReport check() override { return {}; }  // the constructor checked
  void start() override {
    source_.start();
    if (keeper_) keeper_->start();
  }
  void stop() override {
    source_.stop();
    if (keeper_) keeper_->stop();
  }
  void reload() override { source_.reload(); }

 private:
  kube::ApiSource source_;
  std::optional<kube::SnapshotKeeper> keeper_;
};

// Identifies the cluster and the selection that a snapshot belongs to.
std::string fingerprint(const Settings& settings,
                        const kube::ClusterAccess& access) {
  std::string text = access.server.url();
  for (const std::string& ns : settings.selection.namespaces)
    text += "\nnamespace " + ns;
  return text + "\nnamespace-labels " + settings.selection.namespace_labels +
         "\nlabels " + settings.selection.labels +
         (settings.records.pods == PodRecords::kVerified ? "\npods" : "") +
         (settings.records.endpoint_pod_names ? "\nendpoint-pod-names" : "");
}

std::optional<kube::SnapshotOptions> snapshot_options(
    const Settings& settings, const kube::ClusterAccess& access) {
  if (settings.source.snapshot_file.empty()) return std::nullopt;
  kube::SnapshotOptions snapshot;
  snapshot.path = settings.source.snapshot_file;
  snapshot.fingerprint = fingerprint(settings, access);
  return snapshot;
}

kube::ClusterAccess cluster_access(const Settings& settings) {
  if (!settings.source.kubeconfig.empty()) {
    return kube::access_from_kubeconfig(settings.source.kubeconfig,
                                        settings.source.kube_master_url);
  }
  if (!settings.source.kube_master_url.empty()) {
    return kube::access_from_url(settings.source.kube_master_url);
  }
  return kube::access_in_cluster(kube::kServiceAccountFolder,
                                 process_environment());
}

}  // namespace

kube::ClusterWatchOptions watch_options(const Settings& settings) {
  kube::ClusterWatchOptions watch;
  watch.records = settings.records;
  watch.selection.namespaces = settings.selection.namespaces;
  const bool is_flag = settings.corefile.empty();
  watch.selection.namespace_labels = kube::LabelSelector(
      settings.selection.namespace_labels,
      is_flag ? "--namespace-labels"
              : settings.corefile + ": kubernetes: namespace_labels");
  watch.selection.labels = kube::LabelSelector(
      settings.selection.labels,
      is_flag ? "--labels" : settings.corefile + ": kubernetes: labels");
  watch.implied_namespaces = !settings.source.manifests.empty();
  return watch;
}

std::unique_ptr<ClusterSource> make_cluster_source(
    const Settings& settings, const SourceSurroundings& surroundings,
    kube::ClusterWatch& watch) {
  if (!settings.serves_cluster) return std::make_unique<NoCluster>();
  if (!settings.source.manifests.empty()) {
    return std::make_unique<Manifests>(settings, watch);
  }
  kube::ClusterAccess access = cluster_access(settings);
  if (access.exec) access.exec->open_files = surroundings.plugin_files;
  auto snapshot = snapshot_options(settings, access);
  return std::make_unique<ApiServer>(std::move(access), std::move(snapshot),
                                     watch);
}

}  // namespace canopy
