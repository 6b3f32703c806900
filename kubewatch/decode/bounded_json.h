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

// Parses `text` in place: the document borrows from it.  Returns "", or why
// it cannot.
std::string parse_bounded(std::string& text, rapidjson::Document& document);

// Where JSON text is invalid or ambiguous.
struct JsonFault {
  std::size_t offset = 0;
  std::string why;
};
// Reads the rest of the file with the strict parser: nothing when it is a row
// of JSON values in which no served object has a key twice.  Holds none of it
// in memory; offsets count from where it began.
std::optional<JsonFault> find_json_fault(std::FILE* file);

}  // namespace canopy::kube
