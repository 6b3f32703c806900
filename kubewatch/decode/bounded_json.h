// Parses external JSON into RapidJSON's values, with a bound on their number.
// An object of a few MiB can contain millions of values, each of which takes up
// to 40 octets of memory while it is read.
//
// Pure functions; any thread.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "healthz/json.h"

namespace canopy::kube {

// A Service with the most ports that fit into etcd's 1.5 MiB has 540,000
// values.
inline constexpr std::size_t kMaxValues = 600'000;

// The most JSON values or YAML documents of one file, including empty ones.  A
// cluster of 100,000 Services, each with an EndpointSlice, needs 200,000.  An
// empty document costs 2 microseconds, so the limit costs half a second.
inline constexpr std::size_t kMaxDocuments = 250'000;
inline constexpr const char* kTooManyDocuments =
    "more than 250,000 documents in one file; split it into several files";

// Parses `text` in place: `document` borrows from `text`.  Returns "", or the
// reason why it failed.
std::string parse_bounded(std::string& text, rapidjson::Document& document);

// The position of invalid or ambiguous JSON text.
struct JsonFault {
  std::size_t offset = 0;
  std::string why;
};
// Checks the rest of the file with the strict parser.  Nothing when it consists
// of at most kMaxDocuments JSON values in which no served object has a
// duplicate key.  Keeps none of the text in memory.  Offsets are relative to
// the start position.
std::optional<JsonFault> find_json_fault(std::FILE* file);

}  // namespace canopy::kube
