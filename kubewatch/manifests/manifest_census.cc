#include "kubewatch/manifests/manifest_census.h"

#include <algorithm>

#include "kubewatch/cluster/cluster_records.h"

namespace canopy::kube {
namespace {

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

template <typename Map>
void take_later(Map& into, const Map& later) {
  for (const auto& item : later) into.insert_or_assign(item.first, item.second);
}

}  // namespace

std::vector<std::string> ManifestCensus::misspelled_kinds() const {
  std::vector<std::string> remarks;
  for (const auto& [kind, count] : other_kinds_) {
    for (const ApiKind& right : kApiKinds) {
      if (kind != right.name && equal_folded(kind, right.name)) {
        std::string& remark = remarks.emplace_back("kind \"");
        remark.append(kind).append("\" should be spelled ").append(right.name);
      }
    }
  }
  return remarks;
}

void ManifestCensus::count(const DecodedObject& decoded) {
  switch (kind_of(decoded.object)) {
    case ObjectKind::kNamespace:
      namespaces_.insert(key_of(decoded.object));
      break;
    case ObjectKind::kService:
      count(std::get<Service>(decoded.object), decoded);
      break;
    case ObjectKind::kEndpointSlice:
      count(std::get<EndpointSlice>(decoded.object));
      for (const EndpointSlice& slice : decoded.more) count(slice);
      break;
    case ObjectKind::kPod:
      pods_.insert(key_of(decoded.object));
  }
}

void ManifestCensus::count(const OtherObject& other) {
  if (other.kind.empty()) {
    ++without_kind_;
  } else {
    ++other_kinds_[other.kind];
  }
}

void ManifestCensus::count(const Service& service,
                           const DecodedObject& decoded) {
  services_.insert_or_assign(service.key, service);
  if (service.type == Service::Type::kClusterIp &&
      service.cluster_ips.empty()) {
    without_address_.insert_or_assign(service.key, decoded);
  } else {
    without_address_.erase(service.key);
  }
}

void ManifestCensus::count(const EndpointSlice& slice) {
  slices_.insert_or_assign(slice.key, slice);
}

void ManifestCensus::add(const ManifestCensus& later) {
  for (const auto& [key, service] : later.services_) {
    without_address_.erase(key);
  }
  take_later(services_, later.services_);
  take_later(without_address_, later.without_address_);
  take_later(slices_, later.slices_);
  namespaces_.insert(later.namespaces_.begin(), later.namespaces_.end());
  pods_.insert(later.pods_.begin(), later.pods_.end());
  for (const auto& [kind, count] : later.other_kinds_) {
    other_kinds_[kind] += count;
  }
  without_kind_ += later.without_kind_;
}

bool ManifestCensus::is_empty() const {
  return services_.empty() && slices_.empty() && namespaces_.empty() &&
         pods_.empty();
}

std::set<IpAddress> ManifestCensus::written_addresses() const {
  std::set<IpAddress> addresses;
  for (const auto& [key, service] : services_) {
    addresses.insert(service.cluster_ips.begin(), service.cluster_ips.end());
  }
  return addresses;
}

std::vector<std::string> ManifestCensus::headless_without_endpoints() const {
  std::set<ObjectKey> served;
  for (const auto& [key, slice] : slices_) {
    if (std::ranges::any_of(slice.endpoints, &Endpoint::ready)) {
      served.insert({key.namespace_, slice.service_name});
    }
  }
  std::vector<std::string> names;
  for (const auto& [key, service] : services_) {
    if (service.type == Service::Type::kHeadless && !served.contains(key)) {
      names.push_back(to_text(key));
    }
  }
  return names;
}

std::vector<std::string> ManifestCensus::lines(bool are_allocated) const {
  std::size_t headless = 0;
  std::size_t external = 0;
  std::size_t endpoints = 0;
  for (const auto& [key, service] : services_) {
    headless += service.type == Service::Type::kHeadless ? 1 : 0;
    external += service.type == Service::Type::kExternalName ? 1 : 0;
  }
  for (const auto& [key, slice] : slices_) endpoints += slice.endpoints.size();
  std::vector<std::string> lines = {
      counted(services_.size(), "Service") + " (" +
      std::to_string(services_.size() - headless - external) + " ClusterIP, " +
      std::to_string(headless) + " headless, " + std::to_string(external) +
      " ExternalName), " + counted(endpoints, "endpoint") + ", " +
      counted(namespaces_.size(), "Namespace") + ", " +
      counted(pods_.size(), "Pod")};
  std::vector<std::string> others;
  for (const auto& [kind, count] : other_kinds_) {
    others.push_back(std::to_string(count) + " " + kind);
  }
  if (!others.empty()) {
    lines.push_back("ignored, not needed for DNS: " + list_text(others));
  }
  for (const std::string& remark : misspelled_kinds()) {
    lines.push_back("will not resolve: " + remark);
  }
  if (!without_address_.empty()) {
    std::vector<std::string> names;
    for (const auto& [key, object] : without_address_) {
      names.push_back(to_text(key));
    }
    lines.push_back((are_allocated
                         ? "assigned an address from --service-cidr: "
                         : "will not resolve, without clusterIP "
                           "(--service-cidr=10.96.0.0/12 assigns one): ") +
                    list_text(names));
  }
  const auto idle = headless_without_endpoints();
  if (!idle.empty()) {
    lines.push_back("will not resolve, headless without a ready endpoint: " +
                    list_text(idle));
  }
  for (const auto& [key, service] : services_) {
    const std::string warning = service_warning(service);
    if (!warning.empty()) lines.push_back("will not resolve: " + warning);
  }
  return lines;
}

std::string list_text(const std::vector<std::string>& names) {
  constexpr std::size_t kMostShown = 10;
  const std::size_t shown = std::min(names.size(), kMostShown);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > shown) {
    text += " and " + std::to_string(names.size() - shown) + " more";
  }
  return text;
}

}  // namespace canopy::kube
