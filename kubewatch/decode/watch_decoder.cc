#include "kubewatch/decode/watch_decoder.h"

#include <mutex>
#include <optional>
#include <utility>

#include "healthz/json.h"
#include "kubewatch/decode/bounded_json.h"
#include "kubewatch/decode/object_decoder.h"
#include "kubewatch/objects/shown_text.h"

namespace canopy::kube {

namespace {

using Type = WatchEvent::Type;

// The deepest nesting of lists.  kubectl also reads nested lists, which are
// rare.
constexpr int kMaxListDepth = 8;
// The resource version is part of the next request.  API servers use a number.
constexpr std::size_t kMaxResourceVersion = 1 << 10;
constexpr const char* kLongResourceVersion =
    "a resource version of more than 1 KiB";

bool ends_with_list(std::string_view kind) {
  return kind.size() >= 4 && kind.substr(kind.size() - 4) == "List";
}

// The items of `value` if it is a list, else null.
const json::Value* nested_items(const json::Value& value) {
  if (!ends_with_list(text_member(value, "kind"))) return nullptr;
  const json::Value* items = member(value, "items");
  return items != nullptr && items->IsArray() ? items : nullptr;
}

// Decoding a large object takes many times its size in memory.  Each kind has
// its own decoding thread.  Threads decode large objects in turn, so that only
// one of them needs that memory at a time.
std::unique_lock<std::mutex> turn_of(const std::string& text) {
  constexpr std::size_t kLarge = 256 << 10;
  static std::mutex turn;
  if (text.size() < kLarge) return {};
  return std::unique_lock(turn);
}

ApiStatus status_in(const json::Value& value) {
  ApiStatus status;
  const json::Value* code = member(value, "code");
  if (code && code->IsInt()) status.code = code->GetInt();
  status.reason = text_member(value, "reason");
  status.message = text_member(value, "message");
  return status;
}

// Delivers an item of a list, or the items of an item that is itself a list.
struct ItemWalk {
  const ListDecoder::Sink& sink;
  std::size_t& nameless;
  std::string& error;

  bool take(const json::Value& item, std::string_view kind, int depth) {
    if (const json::Value* items = nested_items(item)) {
      std::string_view inner = text_member(item, "kind");
      inner.remove_suffix(4);  // "ServiceList" contains Services
      return take_all(*items, inner, depth);
    }
    if (kind.empty() && text_member(item, "kind").empty()) {
      ++nameless;
      return true;
    }
    return sink.object(decode_object(item, kind));
  }

  bool take_all(const json::Value& items, std::string_view kind, int depth) {
    if (depth == kMaxListDepth) {
      error = "lists within lists, more than " + std::to_string(depth);
      return false;
    }
    for (const json::Value& item : items.GetArray()) {
      if (!take(item, kind, depth + 1)) return false;
    }
    return true;
  }
};

std::optional<Type> event_type(std::string_view text) {
  if (text == "ADDED") return Type::kAdded;
  if (text == "MODIFIED") return Type::kModified;
  if (text == "DELETED") return Type::kDeleted;
  if (text == "BOOKMARK") return Type::kBookmark;
  if (text == "ERROR") return Type::kError;
  return std::nullopt;
}

bool is_of_object(Type type) {
  return type == Type::kAdded || type == Type::kModified ||
         type == Type::kDeleted;
}

MalformedObject unknown_event(ObjectKind kind, std::string_view type) {
  return {kind,
          {},
          "a watch event of type \"" + shown(type) + '"',
          0,
          kind_name(kind)};
}

std::string resource_version_in(const json::Value& object) {
  const json::Value* metadata = member(object, "metadata");
  if (metadata == nullptr) return {};
  return std::string(text_member(*metadata, "resourceVersion"));
}

bool ends_initial_events(const json::Value& object) {
  const json::Value* metadata = member(object, "metadata");
  if (metadata == nullptr) return false;
  const json::Value* annotations = member(*metadata, "annotations");
  return annotations != nullptr &&
         text_member(*annotations, "k8s.io/initial-events-end") == "true";
}

ListEnvelope envelope_in(const json::Value& value) {
  ListEnvelope envelope;
  envelope.kind = text_member(value, "kind");
  envelope.resource_version = resource_version_in(value);
  if (const json::Value* metadata = member(value, "metadata")) {
    envelope.continue_token = text_member(*metadata, "continue");
    const json::Value* remaining = member(*metadata, "remainingItemCount");
    if (remaining != nullptr && remaining->IsUint64()) {
      envelope.remaining_items = remaining->GetUint64();
    }
  }
  return envelope;
}

}  // namespace

// --- WatchDecoder ---------------------------------------------------------

WatchDecoder::WatchDecoder(ObjectKind kind, Sink sink)
    : kind_(kind),
      sink_(std::move(sink)),
      splitter_(JsonSplitter::Shape::kValues,
                [this](JsonSplitter::Part, std::string& text) {
                  return decode(text);
                }) {}

bool WatchDecoder::feed(std::string_view bytes) {
  return error_.empty() && splitter_.feed(bytes);
}

const std::string& WatchDecoder::error() const {
  return error_.empty() ? splitter_.error() : error_;
}

bool WatchDecoder::decode(std::string& text) {
  const auto turn = turn_of(text);
  rapidjson::Document document;
  error_ = parse_bounded(text, document);
  if (!error_.empty()) return false;
  const std::string_view name = text_member(document, "type");
  const json::Value* object = member(document, "object");
  if (name.empty() || object == nullptr) {
    error_ = "a watch event without a type or without an object";
    return false;
  }
  const auto type = event_type(name);
  WatchEvent event;
  event.type = type.value_or(Type::kUnknown);
  if (type == Type::kError) {
    event.status = status_in(*object);
  } else {
    event.resource_version = resource_version_in(*object);
    if (event.resource_version.size() > kMaxResourceVersion) {
      error_ = kLongResourceVersion;
      return false;
    }
  }
  event.ends_initial_events =
      type == Type::kBookmark && ends_initial_events(*object);
  if (!type) event.object = unknown_event(kind_, name);
  if (is_of_object(event.type)) {
    event.object = decode_object(*object, kind_name(kind_));
  }
  return sink_(std::move(event));
}

// --- ListDecoder ----------------------------------------------------------

ListDecoder::ListDecoder(std::string item_kind, Sink sink)
    : item_kind_(std::move(item_kind)),
      sink_(std::move(sink)),
      splitter_(JsonSplitter::Shape::kLists,
                [this](JsonSplitter::Part part, std::string& text) {
                  return decode(part, text);
                }) {}

bool ListDecoder::feed(std::string_view bytes) {
  return error_.empty() && splitter_.feed(bytes);
}

const std::string& ListDecoder::error() const {
  return error_.empty() ? splitter_.error() : error_;
}

bool ListDecoder::decode(JsonSplitter::Part part, std::string& text) {
  const auto turn = turn_of(text);
  rapidjson::Document document;
  error_ = parse_bounded(text, document);
  if (!error_.empty()) return false;
  const std::string_view kind = text_member(document, "kind");
  if (part == JsonSplitter::Part::kItem) {
    return ItemWalk{sink_, nameless_, error_}.take(document, item_kind_, 1);
  }
  if (ends_with_list(kind) || member(document, "items") != nullptr) {
    ListEnvelope envelope = envelope_in(document);
    if (envelope.resource_version.size() > kMaxResourceVersion) {
      error_ = kLongResourceVersion;
      return false;
    }
    envelope.nameless_items = std::exchange(nameless_, 0);
    return sink_.end(std::move(envelope));
  }
  return sink_.object(decode_object(document, ""));
}

// --- Status ---------------------------------------------------------------

ApiStatus decode_status(std::string text) {
  rapidjson::Document document;
  if (!parse_bounded(text, document).empty()) return {};
  return status_in(document);
}

}  // namespace canopy::kube
