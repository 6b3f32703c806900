// The writer's half of a LabelTree: node ownership, copies of shared nodes, and
// changes.  Used by label_tree.cc only.
#pragma once

#include <algorithm>
#include <new>

#include "zones/label_branch.h"
#include "zones/node_pool.h"
#include "zones/node_records.h"

namespace canopy {

class TreeEdit {
 public:
  using Node = LabelTree::Node;
  using Branch = LabelTree::Node::Branch;

  TreeEdit(NodePool& pool, NameView suffix) : pool_(pool), suffix_(suffix) {}

  // The differences that a change made; negative for a decrease.
  struct Outcome {
    std::size_t not_found = 0;
    std::ptrdiff_t records = 0;
    std::ptrdiff_t names = 0;
    std::ptrdiff_t octets = 0;
  };

  // Applies `changes` at a name below `node`.  The first `depth` of `labels`
  // lead from `node` to the name.
  void change(Node*& node, const Labels& labels, std::size_t depth,
              std::span<const LabelTree::Change> changes, Outcome& outcome) {
    if (depth == 0) return change_records(node, changes, outcome);
    unshare(node);
    const std::string_view label = labels[depth - 1];
    bool made = false;
    Node*& below = child(node, label, made);
    if (made) count_name(outcome, label, 1);
    change(below, labels, depth - 1, changes, outcome);
    if (!below->has_records() && !below->has_children()) {
      count_name(outcome, label, -1);
      erase_child(node, label);
    }
  }

  // Takes ownership of one reference to `children`.
  Node* make_node(std::string_view label, std::span<const std::uint8_t> records,
                  Branch* children) {
    const bool is_parent = children != nullptr;
    void* memory =
        pool_.allocate(node_size(label.size(), records.size(), is_parent));
    Node* node = new (memory) Node(records.size(), is_parent);
    if (is_parent) *node->branch() = children;
    auto* at = const_cast<std::uint8_t*>(node->octets());
    *at++ = static_cast<std::uint8_t>(label.size());
    at = std::copy(label.begin(), label.end(), at);
    std::copy(records.begin(), records.end(), at);
    return node;
  }

  void release(Node* node) {
    if (--node->references_ != 0) return;
    if (node->has_children()) release(node->children());
    const std::size_t size = node_size(node->label().size(),
                                       node->records_size(), node->is_parent());
    node->~Node();
    pool_.release(node, size);
  }

 private:
  // --- memory -------------------------------------------------------------
  static std::size_t node_size(std::size_t label, std::size_t records,
                               bool is_parent) {
    return sizeof(Node) + (is_parent ? sizeof(void*) : 0) + 1 + label + records;
  }

  static std::size_t branch_size(std::size_t slots) {
    return sizeof(Branch) + slots * sizeof(void*);
  }

  // Copies the digits of `like`.
  Branch* make_branch(std::uint32_t slots, const Branch& like = {}) {
    auto* branch = new (pool_.allocate(branch_size(slots))) Branch(like);
    branch->references = 1;
    branch->capacity = slots;
    return branch;
  }

  void free_branch(Branch* branch) {
    const std::size_t size = branch_size(branch->capacity);
    branch->~Branch();
    pool_.release(branch, size);
  }

  void release(Branch* branch) {
    if (--branch->references != 0) return;
    const auto nodes = static_cast<unsigned>(std::popcount(branch->nodes));
    for (unsigned i = 0; i < branch->size(); ++i) {
      void* slot = branch->slots()[i];
      if (i < nodes) {
        release(static_cast<Node*>(slot));
      } else {
        release(static_cast<Branch*>(slot));
      }
    }
    free_branch(branch);
  }

  // --- copies of shared nodes ---------------------------------------------
  void unshare(Node*& node) {
    if (node->references_ == 1) return;
    replace(node, node->records(), share(node->children()));
  }

  static Branch* share(Branch* branch) {
    if (branch != nullptr) ++branch->references;
    return branch;
  }

  // Replaces `node` with a node of the same label.
  void replace(Node*& node, std::span<const std::uint8_t> records,
               Branch* children) {
    Node* replacement = make_node(node->label(), records, children);
    release(node);
    node = replacement;
  }

  void unshare(Branch*& branch) {
    if (branch->references == 1) return;
    Branch* copy = make_branch(branch->size(), *branch);
    const auto nodes = static_cast<unsigned>(std::popcount(branch->nodes));
    for (unsigned i = 0; i < branch->size(); ++i) {
      void* slot = branch->slots()[i];
      copy->slots()[i] = slot;
      if (i < nodes) {
        ++static_cast<Node*>(slot)->references_;
      } else {
        ++static_cast<Branch*>(slot)->references;
      }
    }
    --branch->references;
    branch = copy;
  }

  // --- slots: REQUIRES an unshared branch ---------------------------------
  void insert_slot(Branch*& branch, unsigned index, void* value) {
    const unsigned size = branch->size();
    Branch* wider = make_branch(size + 1, *branch);
    void** to = std::copy_n(branch->slots(), index, wider->slots());
    *to++ = value;
    std::copy(branch->slots() + index, branch->slots() + size, to);
    free_branch(branch);
    branch = wider;
  }

  // The block keeps its size: nodes are replaced far more often than removed.
  static void erase_slot(Branch* branch, unsigned index) {
    void** slots = branch->slots();
    std::copy(slots + index + 1, slots + branch->size(), slots + index);
  }

  Node*& insert_node(Branch*& branch, std::uint32_t bit, Node* node) {
    insert_slot(branch, branch->node_index(bit), node);
    branch->nodes |= bit;
    return branch->node(bit);
  }

  // If two labels share a digit, the older node moves one branch down.
  void push_down(Branch* branch, std::uint32_t bit, unsigned level) {
    Node* node = branch->node(bit);
    Branch* lower = make_branch(1);
    lower->nodes = Digits(node->label(), level + 1).bit();
    lower->slots()[0] = node;
    const unsigned from = branch->node_index(bit);
    branch->nodes &= ~bit;
    const unsigned to = branch->branch_index(bit);
    void** slots = branch->slots();
    std::copy(slots + from + 1, slots + to + 1, slots + from);
    slots[to] = lower;
    branch->branches |= bit;
  }

  // The reverse of push_down(): replaces a lower branch that has only one node
  // left with that node.
  void pull_up(Branch* branch, std::uint32_t bit) {
    const unsigned from = branch->branch_index(bit);
    auto* lower = static_cast<Branch*>(branch->slots()[from]);
    if (lower->branches != 0 || std::popcount(lower->nodes) != 1) return;
    void* node = lower->slots()[0];
    free_branch(lower);
    branch->branches &= ~bit;
    const unsigned to = branch->node_index(bit);
    void** slots = branch->slots();
    std::copy_backward(slots + to, slots + from, slots + from + 1);
    slots[to] = node;
    branch->nodes |= bit;
  }

  // Returns the child `label` of an unshared node; creates a missing child.
  // The branches on the path are unshared, but the child may be shared.
  Node*& child(Node*& parent, std::string_view label, bool& made) {
    if (!parent->is_parent()) {
      replace(parent, parent->records(), make_branch(0));
    }
    Branch** at = parent->branch();
    for (Digits digits(label);; digits.descend()) {
      unshare(*at);
      const std::uint32_t bit = digits.bit();
      if (((*at)->nodes & bit) != 0) {
        Node*& node = (*at)->node(bit);
        if (equal_folded(node->label(), label)) return node;
        push_down(*at, bit, digits.level());
      }
      if (((*at)->branches & bit) == 0) {
        made = true;
        return insert_node(*at, bit, make_node(label, {}, nullptr));
      }
      at = &(*at)->branch(bit);
    }
  }

  // REQUIRES: the child exists.
  void erase_child(Branch*& branch, Digits digits) {
    unshare(branch);
    const std::uint32_t bit = digits.bit();
    if ((branch->nodes & bit) != 0) {
      release(branch->node(bit));
      erase_slot(branch, branch->node_index(bit));
      branch->nodes &= ~bit;
      return;
    }
    digits.descend();
    erase_child(branch->branch(bit), digits);
    pull_up(branch, bit);
  }

  void erase_child(Node*& parent, std::string_view label) {
    erase_child(*parent->branch(), Digits(label));
    if (parent->children()->size() != 0) return;
    replace(parent, parent->records(), nullptr);
  }

  // --- one name -----------------------------------------------------------
  void change_records(Node*& node, std::span<const LabelTree::Change> changes,
                      Outcome& outcome) {
    OpenRecords open(node->records(), suffix_);
    const std::size_t before = open.count();
    for (const LabelTree::Change& change : changes) {
      if (change.kind == LabelTree::Change::Kind::kAdd) {
        open.add(change);
      } else if (!open.remove(change)) {
        ++outcome.not_found;
      }
    }
    outcome.records += static_cast<std::ptrdiff_t>(open.count()) -
                       static_cast<std::ptrdiff_t>(before);
    const std::vector<std::uint8_t> records = open.octets();
    outcome.octets += static_cast<std::ptrdiff_t>(records.size()) -
                      static_cast<std::ptrdiff_t>(node->records_size());
    replace(node, records, share(node->children()));
  }

  static void count_name(Outcome& outcome, std::string_view label, int sign) {
    outcome.names += sign;
    outcome.octets +=
        sign * static_cast<std::ptrdiff_t>(node_size(label.size(), 0, false));
  }

  NodePool& pool_;
  NameView suffix_;  // removed from stored rdata
};

}  // namespace canopy
