// YAML documents as JSON text, so that there is one decoder of objects.  What
// kubectl refuses is a fault, and what it takes is read as kubectl reads it:
// truth values and numbers of YAML 1.1, merge keys, UTF-16.  kubectl takes a
// key that stands twice, and the API server's strict decoding refuses it: so
// does this, in objects that are served.
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

// Behind a fault in what Helm has yet to make YAML of.
inline constexpr const char* kTemplateHint =
    "; looks like a Helm template; render it first";

struct YamlDocument {
  std::string json;
  std::size_t line = 0;  // where it begins, from 1
};

// Documents without content are left out; a list of mappings, such as a patch,
// is no Kubernetes object and counts as one without fields.  Of all of them the
// JSON takes at most 1 MiB and four times the octets of the YAML: aliases can
// make much of little, other YAML can not.  More than kMaxDocuments documents
// (bounded_json.h), counting those without content, are a fault.
std::variant<std::vector<YamlDocument>, YamlFault> yaml_to_json(
    std::string yaml);

}  // namespace canopy::kube
