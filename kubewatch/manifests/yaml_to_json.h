// Converts YAML documents to JSON text, so that there is only one decoder of
// objects.  YAML that kubectl refuses is an error.  Other YAML is read as
// kubectl reads it: booleans and numbers of YAML 1.1, merge keys, UTF-16.  The
// exception is duplicate keys.  kubectl accepts them, but the API server's
// strict decoding refuses them.  They are errors in served objects.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace canopy::kube {

struct YamlFault {
  std::size_t line = 0;  // from 1, as `column`
  std::size_t column = 0;
  std::string why;
};

// Appended to errors in text that looks like an unrendered Helm template.
inline constexpr const char* kTemplateHint =
    "; looks like a Helm template; render it first";

struct YamlDocument {
  std::string json;
  std::size_t line = 0;  // first line, counted from 1
};

// Empty documents are skipped.  A list of mappings, such as a patch, is not a
// Kubernetes object and becomes an object without fields.  The JSON of all
// documents has at most 1 MiB plus four times the octets of the YAML, because
// aliases can expand a small text into a large one.  More than kMaxDocuments
// documents (bounded_json.h), including empty ones, are an error.
std::variant<std::vector<YamlDocument>, YamlFault> yaml_to_json(
    std::string yaml);

}  // namespace canopy::kube
