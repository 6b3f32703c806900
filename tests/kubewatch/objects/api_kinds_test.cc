#include "kubewatch/objects/api_kinds.h"

#include <doctest/doctest.h>

#include <string>
#include <variant>

#include "kubewatch/decode/bounded_json.h"
#include "kubewatch/decode/object_decoder.h"
#include "kubewatch/objects/document_keys.h"
#include "kubewatch/objects/packed_object.h"

using namespace canopy::kube;

namespace {

Decoded decoded(std::string json) {
  rapidjson::Document document;
  REQUIRE(parse_bounded(json, document) == "");
  return decode_object(document, "");
}

std::string object_of(const ApiKind& kind, const std::string& version) {
  return R"({"apiVersion":")" + version + R"(","kind":")" + kind.name +
         R"(","metadata":{"name":"a","namespace":"n"}})";
}

std::string version_of(const ApiKind& kind) {
  return kind.group.empty() ? "v1" : std::string(kind.group) + "/v1";
}

}  // namespace

TEST_CASE("each kind of the API is decoded as what it is kept as") {
  for (const ApiKind& kind : kApiKinds) {
    CAPTURE(kind.name);
    const Decoded found = decoded(object_of(kind, version_of(kind)));
    const auto* object = std::get_if<DecodedObject>(&found);
    REQUIRE(object != nullptr);
    CHECK(kind_of(object->object) == kind.kept_as);
    CHECK(key_of(object->object).namespace_ == (kind.has_namespace ? "n" : ""));
  }
}

TEST_CASE("a kind of that name in another group is another kind") {
  for (const ApiKind& kind : kApiKinds) {
    CAPTURE(kind.name);
    const Decoded found = decoded(object_of(kind, "serving.knative.dev/v1"));
    CHECK(std::holds_alternative<OtherObject>(found));
  }
}

TEST_CASE("what is watched has the path of its group") {
  for (const ObjectKind kind : kAllKinds) {
    CAPTURE(kind_name(kind));
    const ApiKind& row = api_kind(kind);
    const std::string path = row.path;
    CHECK(path.starts_with(row.group.empty()
                               ? "/api/v1/"
                               : "/apis/" + std::string(row.group) + "/v1/"));
  }
}

TEST_CASE("a key that stands twice matters in each kind") {
  for (const ApiKind& kind : kApiKinds) {
    CAPTURE(kind.name);
    DocumentKeys keys;
    keys.open();
    keys.add("kind");
    keys.note_text(kind.name);
    CHECK(keys.matter());
  }
}
