#include <algorithm>

#include "kubewatch/decode/kind_decoders.h"
#include "kubewatch/decode/object_decoder.h"
#include "kubewatch/objects/object_limits.h"

namespace canopy::kube {

using json::Value;

namespace {

void add_address(std::string_view text, const char* where, Pod& pod) {
  if (pod.ips.size() == kMaxAddresses) return;
  const IpAddress address = checked_address(text, where);
  if (std::find(pod.ips.begin(), pod.ips.end(), address) == pod.ips.end()) {
    pod.ips.push_back(address);
  }
}

// A terminating pod keeps its addresses while it drains.  A finished pod has
// lost its addresses, and another pod may have them.
Pod pod_in(const Value& value, const ObjectKey& key, Flaws& flaws) {
  Pod pod;
  pod.key = key;
  const Value* status = flaws.value_or<const Value*>(
      nullptr, [&] { return object_in(value, "status"); });
  if (status == nullptr) return pod;
  const std::string_view phase = text_member(*status, "phase");
  if (phase == "Succeeded" || phase == "Failed") return pod;
  for_each_object(*status, "podIPs", flaws, [&](const Value& ip) {
    add_address(text_in(ip, "ip"), "status.podIPs", pod);
  });
  flaws.guard([&] {
    const std::string single = text_in(*status, "podIP");
    if (!single.empty()) add_address(single, "status.podIP", pod);
  });
  return pod;
}

}  // namespace

void decode_pod(const ObjectSource& source, DecodedObject& decoded,
                Remarks& remarks) {
  decoded.object = pod_in(source.value, source.key, remarks.flaws);
}

}  // namespace canopy::kube
