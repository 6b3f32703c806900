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

// An object and what only the way in needs of it.
struct DecodedObject {
  Object object;
  KubeLabels labels;  // for --labels
  // core/v1 Endpoints become one slice a subset; the others are all of a kind
  // that a list may hold in one object.
  std::vector<EndpointSlice> more;
  // "10000 of 20000 endpoints": beyond kubewatch/objects/object_limits.h.
  // Empty: the object is whole.
  std::string left_out;
  // Elements that cannot be read, which the object is served without: the
  // first one ("an endpoint's address \"x\" is not an IP address") and how many
  // more.  Empty: none.
  std::string unread;
  std::size_t unread_count = 0;
  std::size_t line = 0;  // where its document begins; 0: not known
};

// An object of a kind we know, but without a name to know it by.
struct MalformedObject {
  ObjectKind kind = ObjectKind::kService;
  ObjectKey key;         // as far as it could be read
  std::string why;       // "metadata.name is missing"
  std::size_t line = 0;  // where its document begins; 0: not known
  // Of a literal: "Endpoints", whose kind here is EndpointSlice.
  std::string_view written_kind{};
};

// An object of a kind the DNS does not need.
struct OtherObject {
  std::string kind;      // empty: it does not say
  std::size_t line = 0;  // as above
};

using Decoded = std::variant<OtherObject, DecodedObject, MalformedObject>;

// meta/v1 Status, as error replies and ERROR events carry it.
struct ApiStatus {
  int code = 0;
  std::string reason;
  std::string message;
};

struct WatchEvent {
  // kUnknown: of a type that a later API may have.  As client-go does, the
  // watch passes over it; `object` says so.
  enum class Type { kAdded, kModified, kDeleted, kBookmark, kError, kUnknown };
  Type type = Type::kError;
  Decoded object;                // unless a bookmark or an error
  std::string resource_version;  // empty when not said
  ApiStatus status;              // of an error
  // A bookmark with the annotation k8s.io/initial-events-end: the events
  // before it were a list (initial_events.h).
  bool ends_initial_events = false;
};

// A list without its items.
struct ListEnvelope {
  std::string kind;  // "ServiceList"
  std::string resource_version;
  std::string continue_token;  // empty on the last page
  // Items that follow this page, if the server says so.
  std::optional<std::uint64_t> remaining_items;
  // Items without a kind in a list that does not say it either: left out.
  std::size_t nameless_items = 0;
};

}  // namespace canopy::kube
