// Converts YAML documents, as reported by yaml-cpp's parser, to JSON.  Throws
// YAML::ParserException where kubectl would reject the document.
//
// Threads: any one.
#pragma once

#include <yaml-cpp/yaml.h>
// For the parser's events; the header above does not include it.
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kubewatch/objects/document_keys.h"

namespace canopy::kube {

inline constexpr const char* kNoColon =
    "a key with a colon behind it was expected here";

// The most mappings and list items of one file.  yaml-cpp keeps about 50 octets
// for each until it has read the whole file: 100 MB at most.  100,000 Services
// with all fields of the API have 1.1 million.
inline constexpr std::size_t kMaxNodes = 2'000'000;
// The most anchors of one document, at about 150 octets each.  Real documents
// have a few.
inline constexpr std::size_t kMaxAnchors = 100'000;

class YamlJsonWriter : public YAML::EventHandler {
 public:
  // `limit`: the most octets of JSON for all documents.  `text`: the parser's
  // input.
  YamlJsonWriter(std::size_t limit, std::string_view text)
      : left_(limit), text_(text) {}

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { end(']'); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { end('}'); }

  // The document's JSON, with merge keys not yet resolved.  Throws when a
  // served object has a duplicate key.
  std::string take();
  bool has_merges() const { return has_merges_; }
  // The rest of the limit.  It decreases with each event, except the start of a
  // document.
  std::size_t left() const { return left_ - std::min(left_, json_.size()); }
  // The start of the document's value.
  const YAML::Mark& mark() const { return mark_; }
  // The position of the last key, or of the document if there is no key.
  const YAML::Mark& last_mark() const { return key_mark_; }

 private:
  struct Open {
    char bracket = '{';
    bool is_flow = false;
    std::size_t items = 0;  // includes keys

    bool is_map() const { return bracket == '{'; }
  };
  // A part of json_.
  struct Part {
    std::size_t from = 0;
    std::size_t size = 0;
  };

  bool is_key() const;
  void key(const YAML::Mark& mark, bool is_plain, YAML::anchor_t anchor,
           const std::string& value);
  void expect_colon() const;
  void separate(const YAML::Mark& mark);
  void count_node(const YAML::Mark& mark);
  template <typename Write>
  void scalar(const YAML::Mark& mark, YAML::anchor_t anchor,
              const Write& write);
  void start(const YAML::Mark& mark, YAML::anchor_t anchor, Open open);
  void end(char bracket);
  void complete(YAML::anchor_t anchor, std::size_t from);
  void note_anchor(YAML::anchor_t anchor, const Part& part);

  std::size_t left_;
  std::size_t nodes_ = 0;  // of all documents
  const std::string_view text_;
  std::string json_;
  std::vector<Open> open_;
  std::vector<std::pair<YAML::anchor_t, std::size_t>> started_;
  std::map<YAML::anchor_t, Part> anchors_;
  YAML::Mark mark_;
  YAML::Mark key_mark_;
  std::string key_;  // with quotes and escapes resolved
  DocumentKeys keys_;
  std::optional<YAML::ParserException> repeated_;  // the first duplicate key
  bool has_merges_ = false;
  int document_start_ = -1;
};

}  // namespace canopy::kube
