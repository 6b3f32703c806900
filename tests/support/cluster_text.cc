#include "tests/support/cluster_text.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

namespace canopy::test {
namespace {

using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
  std::istringstream stream(line);
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

[[noreturn]] void reject(const std::string& line) {
  throw std::invalid_argument("not an object: " + line);
}

kube::ObjectKey key_from_text(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) reject(text);
  return {text.substr(0, slash), text.substr(slash + 1)};
}

bool is_port(const std::string& word) {
  return word.find(':') != std::string::npos &&
         word.find('/') != std::string::npos;
}

// "http:80/tcp"
kube::EndpointPort port_from_text(const std::string& word) {
  const std::size_t colon = word.find(':');
  const std::size_t slash = word.find('/');
  kube::EndpointPort port;
  port.name = word.substr(0, colon);
  const std::string number = word.substr(colon + 1, slash - colon - 1);
  if (!number.empty()) {
    port.port = static_cast<std::uint16_t>(std::stoul(number));
  }
  for (const char c : word.substr(slash + 1)) {
    port.protocol += static_cast<char>(std::toupper(c));
  }
  return port;
}

// "hostname=db-0" -> "db-0"
std::optional<std::string> value_of(const std::string& word,
                                    std::string_view name) {
  if (!word.starts_with(std::string(name) + '=')) return std::nullopt;
  return word.substr(name.size() + 1);
}

kube::Service service_from(const Words& words, const std::string& line) {
  kube::Service service;
  service.key = key_from_text(words[1]);
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "headless") {
      service.type = kube::Service::Type::kHeadless;
    } else if (word == "external-name") {
      service.type = kube::Service::Type::kExternalName;
      if (i + 1 < words.size()) service.external_name = words[++i];
    } else if (word == "publish-not-ready") {
      service.publish_not_ready_addresses = true;
    } else if (is_port(word)) {
      const kube::EndpointPort port = port_from_text(word);
      service.ports.push_back(
          {port.name, port.protocol, port.port.value_or(0)});
    } else if (const auto address = ip_from_text(word)) {
      service.cluster_ips.push_back(*address);
    } else {
      reject(line);
    }
  }
  return service;
}

void add_endpoint(const Words& words, const std::string& line,
                  std::vector<kube::EndpointSlice>& slices) {
  kube::Endpoint endpoint;
  const auto address = ip_from_text(words[2]);
  if (!address) reject(line);
  endpoint.address = *address;
  std::string slice_name = words[1];
  std::vector<kube::EndpointPort> ports;
  for (std::size_t i = 3; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "ready" || word == "not-ready") {
      endpoint.ready = word == "ready";
    } else if (const auto hostname = value_of(word, "hostname")) {
      endpoint.hostname = *hostname;
    } else if (const auto pod = value_of(word, "pod")) {
      endpoint.pod_name = *pod;
    } else if (const auto slice = value_of(word, "slice")) {
      slice_name += '-' + *slice;
    } else if (is_port(word)) {
      ports.push_back(port_from_text(word));
    } else {
      reject(line);
    }
  }
  for (const std::string& word : words) {
    if (is_port(word)) slice_name += ' ' + word;
  }
  const kube::ObjectKey service = key_from_text(words[1]);
  auto slice = std::ranges::find_if(
      slices, [&](const auto& other) { return other.key.name == slice_name; });
  if (slice == slices.end()) {
    kube::EndpointSlice made;
    made.key = {service.namespace_, slice_name};
    made.service_name = service.name;
    made.ports = ports;
    slice = slices.insert(slices.end(), made);
  }
  slice->endpoints.push_back(endpoint);
}

void add_line(const std::string& line, ClusterObjects& objects,
              std::set<std::string>& namespaces,
              std::set<std::string>& missing) {
  const Words words = words_of(line);
  if (words.empty()) return;
  if (words.size() < 2) reject(line);
  if (words[0] == "namespace") {
    namespaces.insert(words[1]);
    return;
  }
  if (words[0] == "no-namespace") {
    missing.insert(words[1]);
    return;
  }
  namespaces.insert(key_from_text(words[1]).namespace_);
  if (words[0] == "service") {
    objects.services.push_back(service_from(words, line));
  } else if (words[0] == "endpoint" && words.size() > 2) {
    add_endpoint(words, line, objects.slices);
  } else if (words[0] == "pod" && words.size() > 2) {
    kube::Pod pod{key_from_text(words[1]), {}};
    for (std::size_t i = 2; i < words.size(); ++i) {
      pod.ips.push_back(ip_from_text(words[i]).value());
    }
    objects.pods.push_back(pod);
  } else {
    reject(line);
  }
}

}  // namespace

ClusterObjects cluster_objects(std::string_view text) {
  ClusterObjects objects;
  std::set<std::string> namespaces;
  std::set<std::string> missing;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    add_line(line, objects, namespaces, missing);
  }
  for (const std::string& name : namespaces) {
    if (!missing.contains(name)) objects.namespaces.push_back({{"", name}, {}});
  }
  return objects;
}

RecordOptions record_options() {
  RecordOptions options;
  options.domain = *Name::from_text("cluster.local.");
  return options;
}

RecordList records_of(const ClusterObjects& objects,
                      const RecordOptions& options) {
  RecordList records = kube::domain_records(options);
  for (const kube::Namespace& ns : objects.namespaces) {
    records.append(kube::namespace_records(options, ns));
  }
  for (const kube::Service& service : objects.services) {
    kube::EndpointTotals totals;
    std::vector<const kube::EndpointSlice*> slices;
    for (const kube::EndpointSlice& slice : objects.slices) {
      if (slice.key.namespace_ != service.key.namespace_ ||
          slice.service_name != service.key.name) {
        continue;
      }
      totals.add(slice, service);
      slices.push_back(&slice);
    }
    records.append(kube::service_records(options, service, totals));
    const kube::SrvWeights weights = kube::srv_weights(totals);
    for (const kube::EndpointSlice* slice : slices) {
      records.append(kube::slice_records(options, service, *slice, weights));
    }
  }
  if (options.pods == PodRecords::kVerified) {
    for (const kube::Pod& pod : objects.pods) {
      records.append(kube::pod_records(options, pod));
    }
  }
  return records;
}

}  // namespace canopy::test
