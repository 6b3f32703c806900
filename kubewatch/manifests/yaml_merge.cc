#include "kubewatch/manifests/yaml_merge.h"

#include <map>
#include <utility>

#include "healthz/json.h"
#include "kubewatch/decode/bounded_json.h"

namespace canopy::kube {

namespace {

using json::Value;
using Allocator = rapidjson::Document::AllocatorType;

// The result of merging mappings.
class Merged {
 public:
  explicit Merged(Allocator& allocator) : allocator_(allocator) {}

  // Moves both values into the mapping.
  void set(Value& name, Value& value) {
    std::string text(name.GetString(), name.GetStringLength());
    const auto [at, is_new] =
        places_.emplace(std::move(text), object_.MemberCount());
    if (is_new) {
      object_.AddMember(name, value, allocator_);
    } else {
      (object_.MemberBegin() + at->second)->value.Swap(value);
    }
  }

  // False when `source` is neither a mapping nor a list of mappings.
  bool merge(Value& source) {
    if (source.IsObject()) {
      for (auto& member : source.GetObject()) set(member.name, member.value);
      return true;
    }
    if (!source.IsArray()) return false;
    for (auto i = source.Size(); i-- > 0;) {  // the first has priority
      if (!source[i].IsObject() || !merge(source[i])) return false;
    }
    return true;
  }

  Value& object() { return object_; }

 private:
  Allocator& allocator_;
  Value object_{rapidjson::kObjectType};
  std::map<std::string, rapidjson::SizeType> places_;
};

// The recursion is bounded: parse_bounded() limits the depth.
bool resolve(Value& value, Allocator& allocator) {
  if (value.IsArray()) {
    for (Value& item : value.GetArray()) {
      if (!resolve(item, allocator)) return false;
    }
  }
  if (!value.IsObject()) return true;
  for (auto& member : value.GetObject()) {
    if (!resolve(member.value, allocator)) return false;
  }
  if (!value.HasMember(kMergeKey)) return true;
  Merged merged(allocator);
  for (auto& member : value.GetObject()) {
    if (member.name != kMergeKey) {
      merged.set(member.name, member.value);
    } else if (!merged.merge(member.value)) {
      return false;
    }
  }
  value.Swap(merged.object());
  return true;
}

}  // namespace

std::string resolve_merges(std::string& json) {
  rapidjson::Document document;
  std::string fault = parse_bounded(json, document);
  if (!fault.empty()) return fault;
  if (!resolve(document, document.GetAllocator())) {
    return "a merge key (<<) needs a mapping or a list of mappings";
  }
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  document.Accept(writer);
  json.assign(buffer.GetString(), buffer.GetSize());
  return {};
}

}  // namespace canopy::kube
