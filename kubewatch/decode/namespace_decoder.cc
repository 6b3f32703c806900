#include <utility>

#include "kubewatch/decode/kind_decoders.h"

namespace canopy::kube {

void decode_namespace(const ObjectSource& source, DecodedObject& decoded,
                      Remarks&) {
  Namespace ns{source.key, decoded.labels};
  ns.key.namespace_.clear();
  // The API server adds this label to every Namespace.
  ns.labels.emplace("kubernetes.io/metadata.name", ns.key.name);
  decoded.object = std::move(ns);
}

}  // namespace canopy::kube
