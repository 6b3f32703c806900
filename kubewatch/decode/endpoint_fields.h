// The fields that EndpointSlice endpoints and Endpoints addresses have in
// common.  Pure functions; any thread.
#pragma once

#include "kubewatch/decode/object_fields.h"
#include "kubewatch/objects/objects.h"

namespace canopy::kube {

// Reads the hostname and the Pod's name; the caller adds the address and
// `ready`.
Endpoint endpoint_in(const json::Value& value, Flaws& flaws);
// Throws Malformed.
EndpointPort endpoint_port(const json::Value& port);

}  // namespace canopy::kube
