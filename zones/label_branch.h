// How a node of a LabelTree finds its children: a hash array mapped trie.  Used
// by label_tree.cc and tree_edit.h only.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "zones/label_tree.h"
#include "zones/name.h"

namespace canopy {

// The path of a label through the branches.  Each level uses five bits of the
// label's hash.  When a hash is used up, another hash of the label follows.
class Digits {
 public:
  explicit Digits(std::string_view label, unsigned level = 0)
      : label_(label), level_(level) {
    rehash();
  }

  std::uint32_t bit() const {
    return 1U << (hash_ >> (level_ % kPerHash * kBits) & 31);
  }
  unsigned level() const { return level_; }
  void descend() {
    if (++level_ % kPerHash == 0) rehash();
  }

 private:
  static constexpr unsigned kBits = 5;
  static constexpr unsigned kPerHash = 12;

  void rehash() {
    hash_ = hash_folded(
        {reinterpret_cast<const std::uint8_t*>(label_.data()), label_.size()},
        level_ / kPerHash);
  }

  std::string_view label_;
  unsigned level_;
  std::uint64_t hash_ = 0;
};

// The children of a node by digit.  The slots hold the nodes first, then the
// lower branches.  Every branch but the topmost leads to at least two nodes.
class LabelTree::Node::Branch {
 public:
  std::uint32_t references = 1;
  std::uint32_t nodes = 0;     // digits that hold a node
  std::uint32_t branches = 0;  // digits that hold a branch
  std::uint32_t capacity = 0;  // slots allocated

  unsigned size() const { return ones(nodes, branches); }
  void** slots() { return reinterpret_cast<void**>(this + 1); }
  void* const* slots() const {
    return reinterpret_cast<void* const*>(this + 1);
  }

  unsigned node_index(std::uint32_t bit) const {
    return ones(nodes & (bit - 1), 0);
  }
  unsigned branch_index(std::uint32_t bit) const {
    return ones(nodes, branches & (bit - 1));
  }
  Node*& node(std::uint32_t bit) {
    return reinterpret_cast<Node*&>(slots()[node_index(bit)]);
  }
  Branch*& branch(std::uint32_t bit) {
    return reinterpret_cast<Branch*&>(slots()[branch_index(bit)]);
  }

 private:
  // One 64-bit count replaces two 32-bit counts: without a popcount
  // instruction, either size costs the same.
  static unsigned ones(std::uint32_t low, std::uint32_t high) {
    return static_cast<unsigned>(
        std::popcount(std::uint64_t{high} << 32 | low));
  }
};

}  // namespace canopy
