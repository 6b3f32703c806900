// The tree of a zone.  Each label is a node, RRsets are stored at the nodes,
// and children are found by hash.  The tree is a persistent structure: copying
// a tree costs one reference count.  A change copies only those nodes on its
// path that another tree still shares.
//
// A node is one block of memory: counts, label, records.  A node's children are
// in a hash array mapped trie whose branches have slots for existing children
// only (Steindorfer and Vinju, "Optimizing Hash-Array Mapped Tries", 2015).
//
// Threads: published trees are read by any thread.  Reference counts are not
// atomic.  Therefore only one thread at a time may copy, change or destroy
// trees (zones/zone_store.h ensures this).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "zones/name.h"
#include "zones/rr_types.h"
#include "zones/rrset_view.h"

namespace canopy {

class NodePool;

class LabelTree {
 public:
  class Node;

  // Rdata that ends in `suffix` is stored without the suffix.
  explicit LabelTree(const Name& suffix = {});
  ~LabelTree();
  LabelTree(const LabelTree& other);
  LabelTree& operator=(const LabelTree& other);

  const Node& root() const { return *root_; }

  // REQUIRES, here and below: `node` is a node of this tree.
  std::optional<RrsetView> rrset(const Node& node, RrType type) const;
  // Visits every RRset in order of type, including kName and kDashedAddresses.
  void for_each_rrset(const Node& node,
                      const std::function<void(RrsetView)>& visit) const;

  // One change at a name: adds or removes one contribution to a counted record.
  struct Change {
    enum class Kind { kAdd, kRemove } kind;
    RrType type;
    std::uint32_t ttl;  // the lowest TTL of an RRset is used
    std::span<const std::uint8_t> rdata;
  };
  // Applies `changes` at a name below the root.  `labels` are the name's
  // labels.  The first `depth` of them lead from the root to the name; the rest
  // is the apex.  A name without records and children is removed.  Returns how
  // many removals found no such record.
  std::size_t change(const Labels& labels, std::size_t depth,
                     std::span<const Change> changes);

  std::size_t record_count() const { return records_; }
  std::size_t name_count() const { return names_; }
  // Approximate memory of the nodes, without branches.
  std::size_t octets() const { return octets_; }

 private:
  class TreeEdit edit() const;

  std::shared_ptr<NodePool> pool_;  // shared by copies
  Name suffix_;
  Node* root_;
  std::size_t records_ = 0;
  std::size_t names_ = 1;
  std::size_t octets_ = 0;
};

class LabelTree::Node {
 public:
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::string_view label() const {
    return {reinterpret_cast<const char*>(octets() + 1), *octets()};
  }
  // Null when there is no such child.
  const Node* child(std::string_view label) const;
  bool has_records() const { return records_size() != 0; }
  bool has_children() const { return children() != nullptr; }
  void for_each_child(const std::function<void(const Node&)>& visit) const;

 private:
  friend class LabelTree;
  friend class TreeEdit;
  class Branch;

  Node(std::size_t records, bool is_parent)
      : records_size_(static_cast<std::uint32_t>(records) << 1 |
                      (is_parent ? 1U : 0U)) {}
  ~Node() = default;

  bool is_parent() const { return (records_size_ & 1) != 0; }
  std::size_t records_size() const { return records_size_ >> 1; }

  // Layout of the memory after the Node: a pointer to the children (in a parent
  // only), the label's size, the label, the records.
  Branch** branch() { return reinterpret_cast<Branch**>(this + 1); }
  Branch* children() const {
    return is_parent() ? *reinterpret_cast<Branch* const*>(this + 1) : nullptr;
  }
  const std::uint8_t* octets() const {
    return reinterpret_cast<const std::uint8_t*>(this + 1) +
           (is_parent() ? sizeof(void*) : 0);
  }
  std::span<const std::uint8_t> records() const {
    return {octets() + 1 + *octets(), records_size()};
  }

  std::uint32_t references_ = 1;
  std::uint32_t records_size_;  // times two, plus one for a parent
};

}  // namespace canopy
