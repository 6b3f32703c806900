#include "kubewatch/objects/label_selector.h"

#include <algorithm>
#include <cctype>

#include "healthz/configuration_error.h"

namespace canopy::kube {

// Parses the grammar of k8s.io/apimachinery/pkg/labels.
class SelectorParser {
 public:
  SelectorParser(std::string_view text, std::string_view where)
      : text_(text), rest_(text), where_(where) {}

  std::vector<LabelSelector::Requirement> parse() {
    std::vector<LabelSelector::Requirement> all;
    skip_space();
    while (!rest_.empty()) {
      all.push_back(requirement());
      skip_space();
      if (rest_.empty()) break;
      if (!take(',')) fail("a comma was expected");
      skip_space();
      if (rest_.empty()) fail("something must follow the last comma");
    }
    return all;
  }

 private:
  using Operator = LabelSelector::Operator;

  LabelSelector::Requirement requirement() {
    LabelSelector::Requirement found;
    const bool negated = take('!');
    found.label = word();
    if (found.label.empty()) fail("a label was expected");
    if (negated) {
      found.op = Operator::kAbsent;
      return found;
    }
    skip_space();
    if (rest_.empty() || rest_.front() == ',') return found;
    read_operator(found);
    return found;
  }

  void read_operator(LabelSelector::Requirement& found) {
    if (take('!')) {
      if (!take('=')) fail("'!' must be '!='");
      found.op = Operator::kNotIn;
      found.values.push_back(word());
      return;
    }
    if (take('=')) {
      take('=');
      found.op = Operator::kIn;
      found.values.push_back(word());
      return;
    }
    const std::string op = word();
    if (op != "in" && op != "notin") {
      fail("'=', '==', '!=', 'in' or 'notin' was expected after a label");
    }
    found.op = op == "in" ? Operator::kIn : Operator::kNotIn;
    read_values(found.values);
  }

  void read_values(std::vector<std::string>& values) {
    skip_space();
    if (!take('(')) fail("'(' was expected after 'in' or 'notin'");
    do {
      values.push_back(word());
      skip_space();
    } while (take(','));
    if (!take(')')) fail("')' is missing");
  }

  // A label, an operator or a value; may be empty.
  std::string word() {
    skip_space();
    std::size_t size = 0;
    while (size < rest_.size() && is_word(rest_[size])) ++size;
    std::string found(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return found;
  }

  static bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '_' || c == '.' || c == '/';
  }

  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }

  [[noreturn]] void fail(const char* why) const {
    throw ConfigurationError(std::string(where_) + ": \"" + std::string(text_) +
                             "\" is not a label selector: " + why +
                             " at character " +
                             std::to_string(text_.size() - rest_.size() + 1) +
                             "; write for example app=web,tier in (a,b),!old");
  }

  std::string_view text_;
  std::string_view rest_;
  std::string_view where_;
};

LabelSelector::LabelSelector(std::string_view text, std::string_view where)
    : text_(text), requirements_(SelectorParser(text, where).parse()) {}

bool LabelSelector::Requirement::matches(const KubeLabels& labels) const {
  const auto found = labels.find(label);
  const bool exists = found != labels.end();
  if (op == Operator::kExists) return exists;
  if (op == Operator::kAbsent) return !exists;
  const bool listed = exists && std::find(values.begin(), values.end(),
                                          found->second) != values.end();
  // As in the API, an object without the label matches "notin".
  return op == Operator::kIn ? listed : !listed;
}

bool LabelSelector::matches(const KubeLabels& labels) const {
  return std::all_of(
      requirements_.begin(), requirements_.end(),
      [&](const Requirement& one) { return one.matches(labels); });
}

}  // namespace canopy::kube
