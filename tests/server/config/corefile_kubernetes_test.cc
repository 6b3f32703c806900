// The directive kubernetes of a Corefile as settings, and its errors.
#include <doctest/doctest.h>

#include "tests/server/config/corefiles.h"

namespace canopy {
namespace {

Settings settings_of(const Corefiles& files) {
  CorefileSettings result = files.read();
  for (const std::string& fault : result.faults) FAIL_CHECK(fault);
  return std::move(result.settings);
}

std::string zones_text(const RecordOptions& records) {
  std::string text = records.domain.to_text();
  if (records.domain_falls_through) text += " falls";
  for (const ClusterZone& zone : records.reverse_zones) {
    text += ", " + zone.apex.to_text();
    if (zone.falls_through) text += " falls";
  }
  return text;
}

std::string zones_of(const std::string& directive) {
  return zones_text(settings_of(one_block(directive)).records);
}

TEST_CASE("kubernetes has CoreDNS's defaults") {
  const Settings settings = settings_of(one_block("kubernetes cluster.local"));
  CHECK(settings.serves_cluster);
  REQUIRE(settings.blocks.size() == 1);
  CHECK(settings.blocks[0].serves_cluster);
  CHECK(settings.records.ttl == 5);
  CHECK(settings.records.negative_ttl == 5);
  CHECK(settings.records.pods == PodRecords::kDisabled);
  CHECK(zones_text(settings.records) == "cluster.local.");
  CHECK_FALSE(settings.records.endpoint_pod_names);
  CHECK_FALSE(settings.records.ignore_empty_service);
  CHECK_FALSE(settings_of(one_block("errors")).serves_cluster);
}

TEST_CASE("the zones of kubernetes, and those that fall through") {
  CHECK(zones_of("kubernetes k8s.example in-addr.arpa ip6.arpa {\n"
                 "fallthrough in-addr.arpa ip6.arpa\n}") ==
        "k8s.example., in-addr.arpa. falls, ip6.arpa. falls");
  CHECK(zones_of("kubernetes k8s.example in-addr.arpa {\nfallthrough\n}") ==
        "k8s.example. falls, in-addr.arpa. falls");
  CHECK(zones_of("kubernetes k8s.example {\nfallthrough in-addr.arpa\n}") ==
        "k8s.example.");
  CHECK(zones_of("kubernetes k8s.example {\nfallthrough K8S.Example.\n}") ==
        "k8s.example. falls");
  CHECK(zones_of("kubernetes 10.96.0.0/15 k8s.example fd00::/8 {\n"
                 "fallthrough 10.96.0.0/16 ip6.arpa\n}") ==
        "k8s.example., 96.10.in-addr.arpa. falls, 97.10.in-addr.arpa., "
        "d.f.ip6.arpa. falls");
}

TEST_CASE("without zones, kubernetes has those of its server block") {
  CHECK(zones_text(
            settings_of("k8s.example 10.0.0.0/8 {\nkubernetes\n}\n").records) ==
        "k8s.example., 10.in-addr.arpa.");
}

TEST_CASE("the options of kubernetes") {
  const Settings settings = settings_of(
      one_block("kubernetes cluster.local {\n pods verified\n ttl 60\n"
                " endpoint_pod_names\n ignore empty_service\n"
                " namespaces shop data\n labels app in (web, db)\n"
                " startup_timeout 1.5s\n apiserver_qps 0.5\n"
                " endpoint https://10.0.0.1:6443 https://10.0.0.2\n}"));
  CHECK(settings.records.pods == PodRecords::kVerified);
  CHECK(settings.records.ttl == 60);
  CHECK(settings.records.negative_ttl == 60);
  CHECK(settings.records.endpoint_pod_names);
  CHECK(settings.records.ignore_empty_service);
  CHECK(settings.selection.namespaces ==
        std::vector<std::string>{"shop", "data"});
  CHECK(settings.selection.labels == "app in (web, db)");
  CHECK(settings.source.kube_master_url == "https://10.0.0.1:6443");
  const Settings others = settings_of(
      one_block("kubernetes cluster.local {\n pods insecure\n ttl 0\n"
                " namespace_labels team=a\n kubeconfig /etc/kubeconfig\n}"));
  CHECK(others.records.pods == PodRecords::kInsecure);
  CHECK(others.records.ttl == 0);
  CHECK(others.selection.namespace_labels == "team=a");
  CHECK(others.source.kubeconfig == "/etc/kubeconfig");
}

TEST_CASE("flags that set the source win over endpoint and kubeconfig") {
  const Corefiles files =
      one_block("kubernetes cluster.local {\n endpoint https://10.0.0.1\n}");
  Settings flags;
  flags.source.manifests = {"a.yaml"};
  const CorefileSettings result = files.read(flags);
  CHECK(result.faults.empty());
  CHECK(result.settings.source.kube_master_url.empty());
  REQUIRE(result.settings.remarks.size() == 1);
  CHECK(files.without_folder(result.settings.remarks[0]) ==
        "Corefile:3: endpoint: is ignored because of --manifests, --kubeconfig "
        "or --kube-master-url");
}

TEST_CASE("the same kubernetes may be in several server blocks") {
  const std::string same =
      " kubernetes cluster.local {\n  namespaces shop\n"
      "  endpoint https://10.0.0.1\n }\n}\n";
  const Settings settings =
      settings_of(". {\n" + same + "a.example {\n" + same);
  CHECK(settings.blocks[1].serves_cluster);
  CHECK(settings.selection.namespaces == std::vector<std::string>{"shop"});
  CHECK(settings.remarks.empty());
  CHECK(Corefiles(". {\n kubernetes cluster.local\n}\n"
                  "a.example {\n kubernetes k8s.example\n}\n")
            .faults() ==
        "Corefile:5: kubernetes: differs from that of another server block, "
        "which is not supported; write the same zones and options in both\n");
}

TEST_CASE("cache caps the TTLs of the cluster's records") {
  struct Row {
    std::string cache;
    std::uint32_t ttl;
    std::uint32_t negative_ttl;
  };
  for (const Row& row : std::vector<Row>{
           {"cache", 60, 60},
           {"cache 7", 7, 7},
           {"cache 300", 60, 60},
           {"cache {\n success 10 8\n denial 10 9\n}", 8, 9},
           {"cache 7 {\n disable success cluster.local\n}", 60, 7},
           {"cache 7 {\n disable denial cluster.local\n}", 7, 60},
           {"cache 7 {\n disable success\n disable denial local\n}", 60, 60},
           {"cache 7 {\n disable success svc.cluster.local\n}", 7, 7},
           {"cache 7 example.org", 60, 60},
           {"cache 7 local", 7, 7},
       }) {
    CAPTURE(row.cache);
    const Settings settings = settings_of(
        one_block("kubernetes cluster.local {\n ttl 60\n}\n" + row.cache));
    CHECK(settings.records.ttl == row.ttl);
    CHECK(settings.records.negative_ttl == row.negative_ttl);
  }
}

TEST_CASE("faults of kubernetes say what to write") {
  struct Row {
    std::string directive;
    std::string fault;
  };
  for (const Row& row : std::vector<Row>{
           {"kubernetes in-addr.arpa",
            "2: kubernetes: has no cluster domain; write one such as "
            "kubernetes cluster.local"},
           {"kubernetes a.example b.example",
            "2: kubernetes: several cluster domains are not supported yet: "
            "a.example and b.example; leave one out"},
           {"kubernetes a.example {\npods all\n}",
            "3: kubernetes: pods: \"all\" is not one of disabled, insecure or "
            "verified"},
           {"kubernetes a.example {\nttl 3601\n}",
            "3: kubernetes: ttl: \"3601\" is not a number from 0 to 3600"},
           {"kubernetes a.example {\nttl\n}",
            "3: kubernetes: ttl: takes exactly 1, not 0"},
           {"kubernetes a.example {\nupstream\n}",
            "3: kubernetes: upstream: was removed from CoreDNS too: targets "
            "of ExternalName Services are always looked up; remove the line"},
           {"kubernetes a.example {\nupstream /etc/resolv.conf\n}",
            "3: kubernetes: upstream: was removed from CoreDNS too: targets "
            "of ExternalName Services are always looked up; remove the line"},
           {"kubernetes a.example {\nresyncperiod 5m\n}",
            "3: kubernetes: resyncperiod: was removed from CoreDNS too; remove "
            "the line"},
           {"kubernetes a.example {\npod insecure\n}",
            "3: kubernetes: pod: unknown option; did you mean pods?"},
           {"kubernetes a.example {\nfrobnicate\n}",
            "3: kubernetes: frobnicate: unknown option; remove the line"},
           {"kubernetes a.example in-addr.arpa {\nfallthrough 10.0.0.0/8\n}",
            "3: kubernetes: fallthrough: \"10.in-addr.arpa\" is only a part of "
            "the zone; write in-addr.arpa"},
           {"kubernetes a.example {\nnamespaces a\nnamespace_labels b\n}",
            "4: kubernetes: namespace_labels: cannot be combined with "
            "namespaces; leave one out"},
           {"kubernetes a.example {\nendpoint 10.0.0.1\n}",
            "3: kubernetes: endpoint: \"10.0.0.1\" is not a URL; give one such "
            "as https://10.0.0.1:6443"},
           {"kubernetes a.example {\nignore all\n}",
            "3: kubernetes: ignore: \"all\" is not empty_service"},
           {"kubernetes a.example\nkubernetes a.example",
            "3: kubernetes: is already at Corefile:2; a server block may have "
            "it only once"},
       }) {
    CHECK(one_block(row.directive).faults() == "Corefile:" + row.fault + "\n");
  }
}

}  // namespace
}  // namespace canopy
