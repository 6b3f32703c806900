// YAML documents as JSON text, so that there is one decoder of objects.
// Scalars are read by YAML's core schema, as the API server's tools do.
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

struct YamlDocument {
  std::string json;
  std::size_t line = 0;  // where it begins, from 1
};

// Documents without content are left out.  Of all of them the JSON takes at
// most 1 MiB and four times the octets of the YAML: aliases can make much of
// little, other YAML can not.
std::variant<std::vector<YamlDocument>, YamlFault> yaml_to_json(
    std::string yaml);

}  // namespace canopy::kube
