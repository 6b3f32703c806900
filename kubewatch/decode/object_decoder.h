// Decodes JSON of the Kubernetes API into the types of objects.h.  Pure
// functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "healthz/json.h"
#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

// `default_kind` is the kind of an object without a `kind` (items of typed
// lists).  A field or an element that cannot be read is left out and noted in
// `unread`.  Only an object without a usable name becomes a MalformedObject.
Decoded decode_object(const json::Value& value, std::string_view default_kind);

// The member's text; empty when it is missing or not a string.
std::string_view text_member(const json::Value& value, const char* name);
// Null when `value` is not an object or has no such member.
const json::Value* member(const json::Value& value, const char* name);

}  // namespace canopy::kube
