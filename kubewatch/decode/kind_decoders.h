// The decoders of object_decoder.cc: one for each row of kApiKinds, each in its
// own file.  Call them through decode_object().
//
// Pure functions; any thread.
#pragma once

#include "kubewatch/decode/object_remarks.h"
#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

// An object's JSON, and the parts that every kind has.
struct ObjectSource {
  const json::Value& value;     // the whole object
  const json::Value& metadata;  // a JSON object
  const ObjectKey& key;
};

// Sets decoded.object, and decoded.more for Endpoints; decoded.labels is
// already set.  A field that cannot be read or exceeds a limit is left out, and
// noted in `remarks`.
using KindDecoder = void (*)(const ObjectSource& source, DecodedObject& decoded,
                             Remarks& remarks);

void decode_namespace(const ObjectSource& source, DecodedObject& decoded,
                      Remarks& remarks);
void decode_service(const ObjectSource& source, DecodedObject& decoded,
                    Remarks& remarks);
void decode_slice(const ObjectSource& source, DecodedObject& decoded,
                  Remarks& remarks);
void decode_pod(const ObjectSource& source, DecodedObject& decoded,
                Remarks& remarks);
void decode_endpoints(const ObjectSource& source, DecodedObject& decoded,
                      Remarks& remarks);

}  // namespace canopy::kube
