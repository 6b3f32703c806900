#include "server/sources/cluster_source.h"

#include <optional>
#include <utility>

#include "kubewatch/access/credentials.h"
#include "kubewatch/api/api_source.h"
#include "kubewatch/manifests/manifests.h"
#include "kubewatch/snapshot/snapshot_keeper.h"

namespace canopy {
namespace {

std::optional<kube::ServiceCidr> service_cidr(const Options& options) {
  if (!options.service_cidr) return std::nullopt;
  const auto network = ip_from_text(options.service_cidr->address.to_string());
  return kube::ServiceCidr{*network, options.service_cidr->prefix};
}

class Manifests final : public ClusterSource {
 public:
  Manifests(const Options& options, kube::ClusterWatch& watch)
      : source_({.paths = {options.manifests.begin(), options.manifests.end()},
                 .service_cidr = service_cidr(options)},
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

  SourceReport check() override { return {}; }  // to make it was to check it
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

// Whose objects a snapshot holds, and which of them.
std::string fingerprint(const Options& options,
                        const kube::ClusterAccess& access) {
  std::string text = access.server.url();
  for (const std::string& ns : options.namespaces) text += "\nnamespace " + ns;
  return text + "\nnamespace-labels " + options.namespace_labels + "\nlabels " +
         options.labels +
         (options.pods == PodRecords::kVerified ? "\npods" : "") +
         (options.endpoint_pod_names ? "\nendpoint-pod-names" : "");
}

std::optional<kube::SnapshotOptions> snapshot_options(
    const Options& options, const kube::ClusterAccess& access) {
  if (options.snapshot_file.empty()) return std::nullopt;
  kube::SnapshotOptions snapshot;
  snapshot.path = options.snapshot_file;
  snapshot.fingerprint = fingerprint(options, access);
  return snapshot;
}

kube::ClusterAccess cluster_access(const Options& options) {
  if (!options.kubeconfig.empty()) {
    return kube::access_from_kubeconfig(options.kubeconfig,
                                        options.kube_master_url);
  }
  if (!options.kube_master_url.empty()) {
    return kube::access_from_url(options.kube_master_url);
  }
  return kube::access_in_cluster(kube::kServiceAccountFolder,
                                 process_environment());
}

}  // namespace

kube::RecordOptions record_options(const Options& options) {
  kube::RecordOptions records;
  records.domain = options.domain;
  records.ttl = options.ttl;
  records.negative_ttl = options.negative_ttl;
  records.pods = options.pods;
  records.endpoint_pod_names = options.endpoint_pod_names;
  records.ignore_empty_service = options.ignore_empty_service;
  return records;
}

kube::ClusterWatchOptions watch_options(const Options& options) {
  kube::ClusterWatchOptions watch;
  watch.records = record_options(options);
  watch.selection.namespaces = options.namespaces;
  watch.selection.namespace_labels =
      kube::LabelSelector(options.namespace_labels, "--namespace-labels");
  watch.selection.labels = kube::LabelSelector(options.labels, "--labels");
  watch.implied_namespaces = !options.manifests.empty();
  return watch;
}

std::unique_ptr<ClusterSource> make_cluster_source(
    const Options& options, const SourceSurroundings& surroundings,
    kube::ClusterWatch& watch) {
  if (!options.manifests.empty()) {
    return std::make_unique<Manifests>(options, watch);
  }
  kube::ClusterAccess access = cluster_access(options);
  if (access.exec) access.exec->open_files = surroundings.plugin_files;
  auto snapshot = snapshot_options(options, access);
  return std::make_unique<ApiServer>(std::move(access), std::move(snapshot),
                                     watch);
}

}  // namespace canopy
