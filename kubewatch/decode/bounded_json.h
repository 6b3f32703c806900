// JSON from outside to RapidJSON's values, of which an object of a few MiB can
// hold millions, at up to 40 octets of memory each while it is read.
//
// Pure functions; any thread.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "kubewatch/decode/json.h"

namespace canopy::kube {

// A Service with as many ports as fit into etcd's 1.5 MiB has 540,000.
inline constexpr std::size_t kMaxValues = 600'000;

// JSON values or YAML documents of one file, the empty ones too.  A cluster of
// 100,000 Services, each with its EndpointSlice, needs 200,000.  An empty one
// costs 2 microseconds, so the bound costs half a second.
inline constexpr std::size_t kMaxDocuments = 250'000;
inline constexpr const char* kTooManyDocuments =
    "more than 250,000 documents in one file; split it into several files";

// Parses `text` in place: the document borrows from it.  Returns "", or why
// it cannot.
std::string parse_bounded(std::string& text, rapidjson::Document& document);

// Where JSON text is invalid or ambiguous.
struct JsonFault {
  std::size_t offset = 0;
  std::string why;
};
// Reads the rest of the file with the strict parser: nothing when it is a row
// of at most kMaxDocuments JSON values in which no served object has a key
// twice. Holds none of it in memory; offsets count from where it began.
std::optional<JsonFault> find_json_fault(std::FILE* file);

}  // namespace canopy::kube
