#include "kubewatch/decode/object_decoder.h"

#include <iterator>

#include "kubewatch/decode/kind_decoders.h"
#include "kubewatch/objects/api_kinds.h"
#include "kubewatch/objects/object_limits.h"
#include "kubewatch/objects/shown_text.h"

namespace canopy::kube {

namespace {

using json::Value;

// In the order of kApiKinds.
constexpr KindDecoder kDecoders[] = {decode_namespace, decode_service,
                                     decode_slice, decode_pod,
                                     decode_endpoints};
static_assert(std::size(kDecoders) == std::size(kApiKinds));

// Longer keys are not valid labels, and no selector can contain them.
constexpr std::size_t kMaxLabelKey = 253 + 1 + 63;
constexpr std::size_t kMaxLabelValue = 63;

KubeLabels labels_in(const Value& metadata, Remarks& remarks) {
  KubeLabels labels;
  const Value* found = remarks.flaws.value_or<const Value*>(
      nullptr, [&] { return object_in(metadata, "labels"); });
  if (found == nullptr) return labels;
  std::size_t all = 0;
  for (const auto& entry : found->GetObject()) {
    if (!entry.value.IsString()) {
      remarks.flaws.note("the value of label \"" + shown(view(entry.name)) +
                         "\" is not a string");
      continue;
    }
    ++all;
    if (labels.size() == kMaxLabels) continue;
    if (view(entry.name).size() > kMaxLabelKey) continue;
    if (view(entry.value).size() > kMaxLabelValue) continue;
    labels.emplace(view(entry.name), view(entry.value));
  }
  remarks.left_out.note(labels.size(), all, "labels");
  return labels;
}

// Other API groups have a Service kind too (serving.knative.dev).  Items of
// typed lists have no apiVersion.
const ApiKind* known_kind(std::string_view kind, std::string_view version) {
  const std::size_t slash = version.find('/');
  const std::string_view group =
      slash == version.npos ? std::string_view() : version.substr(0, slash);
  for (const ApiKind& known : kApiKinds) {
    if (known.name == kind && (version.empty() || known.group == group)) {
      return &known;
    }
  }
  return nullptr;
}

// If this throws, `key` has the parts that could be read.
void read_key(const Value& metadata, const ApiKind& kind, ObjectKey& key) {
  constexpr std::size_t kMaxName = 253;  // the limit for names of any kind
  const std::string ns = text_in(metadata, "namespace");
  const std::string name = text_in(metadata, "name");
  if (kind.has_namespace) {
    key.namespace_ = ns.empty() ? "default" : ns.substr(0, kMaxName);
  }
  key.name = name.substr(0, kMaxName);
  if (name.empty()) fail("metadata.name is missing");
  if (name.size() > kMaxName || kind.is_named_by_label) {
    check_label(name, "metadata.name");
  }
  if (kind.has_namespace && !ns.empty()) {
    check_label(ns, "metadata.namespace");
  }
}

DecodedObject decode_known(const Value& value, const ApiKind& kind,
                           ObjectKey& key) {
  const Value* metadata = object_in(value, "metadata");
  if (metadata == nullptr) fail("metadata is missing");
  read_key(*metadata, kind, key);
  DecodedObject decoded;
  Remarks remarks;
  decoded.labels = labels_in(*metadata, remarks);
  kDecoders[&kind - kApiKinds]({value, *metadata, key}, decoded, remarks);
  decoded.left_out = remarks.left_out.take();
  decoded.unread = remarks.flaws.text();
  decoded.unread_count = remarks.flaws.count();
  return decoded;
}

}  // namespace

const Value* member(const Value& value, const char* name) {
  if (!value.IsObject()) return nullptr;
  const auto found = value.FindMember(name);
  return found == value.MemberEnd() ? nullptr : &found->value;
}

std::string_view text_member(const Value& value, const char* name) {
  const Value* found = member(value, name);
  return found && found->IsString() ? view(*found) : std::string_view();
}

Decoded decode_object(const Value& value, std::string_view default_kind) {
  std::string_view kind = text_member(value, "kind");
  if (kind.empty()) kind = default_kind;
  const ApiKind* known = known_kind(kind, text_member(value, "apiVersion"));
  if (known == nullptr) return OtherObject{shown(kind)};
  MalformedObject malformed;
  malformed.kind = known->kept_as;
  malformed.written_kind = known->name;
  try {
    return decode_known(value, *known, malformed.key);
  } catch (const Malformed& error) {
    malformed.why = error.why;
  } catch (const json::WrongType& error) {
    malformed.why = error.what();
  }
  return malformed;
}

}  // namespace canopy::kube
