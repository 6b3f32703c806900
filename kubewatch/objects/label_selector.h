// Kubernetes label selectors: "app=web,tier in (a, b),!legacy".  Plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kubewatch/objects/objects.h"

namespace canopy::kube {

class LabelSelector {
 public:
  // Selects everything.
  LabelSelector() = default;
  // Throws ConfigurationError.  `where` names the flag in the error text.
  LabelSelector(std::string_view text, std::string_view where);

  bool is_empty() const { return requirements_.empty(); }
  bool matches(const KubeLabels& labels) const;
  // The original text, for the API server.
  const std::string& text() const { return text_; }

 private:
  enum class Operator { kIn, kNotIn, kExists, kAbsent };
  struct Requirement {
    std::string label;
    Operator op = Operator::kExists;
    std::vector<std::string> values;

    bool matches(const KubeLabels& labels) const;
  };
  friend class SelectorParser;

  std::string text_;
  std::vector<Requirement> requirements_;
};

// The part of a cluster that is served.
struct Selection {
  std::vector<std::string> namespaces;  // empty: all
  LabelSelector namespace_labels;
  LabelSelector labels;  // of Services, EndpointSlices and Pods
};

}  // namespace canopy::kube
