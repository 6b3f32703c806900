// Decoded watch events and list items of the Kubernetes API.  Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kubewatch/objects/objects.h"

namespace canopy::kube {

// An object, with data that is needed only while it is taken in.
struct DecodedObject {
  Object object;
  KubeLabels labels;  // for --labels
  // The further slices of core/v1 Endpoints, which become one slice per subset.
  std::vector<EndpointSlice> more;
  // "10000 of 20000 endpoints": the parts beyond the limits in
  // kubewatch/objects/object_limits.h.  Empty: the object is complete.
  std::string left_out;
  // The elements that cannot be read and are left out: the first one ("an
  // endpoint's address \"x\" is not an IP address") and the number of others.
  // Empty: none.
  std::string unread;
  std::size_t unread_count = 0;
  std::size_t line = 0;  // where its document begins; 0: not known
};

// An object of a known kind, but without a usable name.
struct MalformedObject {
  ObjectKind kind = ObjectKind::kService;
  ObjectKey key;         // the parts that could be read
  std::string why;       // "metadata.name is missing"
  std::size_t line = 0;  // where its document begins; 0: not known
  // Points to a literal: "Endpoints", which has `kind` EndpointSlice.
  std::string_view written_kind{};
};

// An object of a kind that DNS does not need.
struct OtherObject {
  std::string kind;      // empty: the object has none
  std::size_t line = 0;  // as above
};

using Decoded = std::variant<OtherObject, DecodedObject, MalformedObject>;

// meta/v1 Status, the content of error replies and ERROR events.
struct ApiStatus {
  int code = 0;
  std::string reason;
  std::string message;
};

struct WatchEvent {
  // kUnknown: a type of a later API version.  As in client-go, the watch
  // ignores the event; `object` has the type.
  enum class Type { kAdded, kModified, kDeleted, kBookmark, kError, kUnknown };
  Type type = Type::kError;
  Decoded object;                // unless a bookmark or an error
  std::string resource_version;  // empty when absent
  ApiStatus status;              // of an error
  // True for a bookmark with the annotation k8s.io/initial-events-end: the
  // events before the bookmark were a list (initial_events.h).
  bool ends_initial_events = false;
};

// A list without its items.
struct ListEnvelope {
  std::string kind;  // "ServiceList"
  std::string resource_version;
  std::string continue_token;  // empty on the last page
  // The number of items after this page, if the server sends it.
  std::optional<std::uint64_t> remaining_items;
  // The number of items that were left out because neither they nor the list
  // have a kind.
  std::size_t nameless_items = 0;
};

}  // namespace canopy::kube
