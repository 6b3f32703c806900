// JSON of the Kubernetes API to objects.h.  Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "kubewatch/json.h"
#include "kubewatch/watch_event.h"

namespace canopy::kube {

// `default_kind` is what an object without a `kind` is (items of typed lists).
Decoded decode_object(const json::Value& value, std::string_view default_kind);

// RFC 1123, which Kubernetes holds names to; the DNS does not mind capitals.
bool is_dns_label(std::string_view text);

// The member's text; empty when it is missing or not a string.
std::string_view text_member(const json::Value& value, const char* name);
// Null when `value` is no object or has no such member.
const json::Value* member(const json::Value& value, const char* name);

}  // namespace canopy::kube
