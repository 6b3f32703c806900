// Reads the ports of a Service, an EndpointSlice and a subset of Endpoints.
// Pure functions; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kubewatch/decode/object_remarks.h"
#include "kubewatch/objects/object_limits.h"

namespace canopy::kube {

// "TCP" when the port has no protocol.
inline std::string protocol_in(const json::Value& port) {
  std::string protocol = short_text_in(port, "protocol");
  return protocol.empty() ? "TCP" : protocol;
}

// Appends the list `ports` of `value`, at most kMaxPorts.  A port for which
// `read` throws is left out; the others are kept.
template <typename Port>
void read_ports(const json::Value& value, Remarks& remarks,
                std::vector<Port>& ports, Port (*read)(const json::Value&)) {
  std::size_t all = 0;
  for_each_object(value, "ports", remarks.flaws, [&](const json::Value& item) {
    Port port = read(item);
    ++all;
    if (ports.size() < kMaxPorts) ports.push_back(std::move(port));
  });
  remarks.left_out.note(ports.size(), all, "ports");
}

}  // namespace canopy::kube
