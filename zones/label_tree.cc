#include "zones/label_tree.h"

#include "zones/label_branch.h"
#include "zones/node_records.h"
#include "zones/tree_edit.h"

namespace canopy {

LabelTree::LabelTree(const Name& suffix)
    : pool_(std::make_shared<NodePool>()),
      suffix_(suffix),
      root_(edit().make_node({}, {}, nullptr)) {}

LabelTree::~LabelTree() { edit().release(root_); }

LabelTree::LabelTree(const LabelTree& other)
    : pool_(other.pool_),
      suffix_(other.suffix_),
      root_(other.root_),
      records_(other.records_),
      names_(other.names_),
      octets_(other.octets_) {
  ++root_->references_;
}

LabelTree& LabelTree::operator=(const LabelTree& other) {
  if (this == &other) return *this;
  ++other.root_->references_;
  edit().release(root_);
  pool_ = other.pool_;
  suffix_ = other.suffix_;
  root_ = other.root_;
  records_ = other.records_;
  names_ = other.names_;
  octets_ = other.octets_;
  return *this;
}

std::size_t LabelTree::change(const Labels& labels, std::size_t depth,
                              std::span<const Change> changes) {
  TreeEdit::Outcome outcome;
  edit().change(root_, labels, depth, changes, outcome);
  records_ += static_cast<std::size_t>(outcome.records);
  names_ += static_cast<std::size_t>(outcome.names);
  octets_ += static_cast<std::size_t>(outcome.octets);
  return outcome.not_found;
}

const LabelTree::Node* LabelTree::Node::child(std::string_view label) const {
  Branch* at = children();
  for (Digits digits(label); at != nullptr; digits.descend()) {
    const std::uint32_t bit = digits.bit();
    if ((at->nodes & bit) != 0) {
      const Node* node = at->node(bit);
      return equal_folded(node->label(), label) ? node : nullptr;
    }
    if ((at->branches & bit) == 0) return nullptr;
    at = at->branch(bit);
  }
  return nullptr;
}

void LabelTree::Node::for_each_child(
    const std::function<void(const Node&)>& visit) const {
  std::vector<const Branch*> open;
  if (has_children()) open.push_back(children());
  while (!open.empty()) {
    const Branch* branch = open.back();
    open.pop_back();
    const auto nodes = static_cast<unsigned>(std::popcount(branch->nodes));
    for (unsigned i = 0; i < branch->size(); ++i) {
      const void* slot = branch->slots()[i];
      if (i < nodes) {
        visit(*static_cast<const Node*>(slot));
      } else {
        open.push_back(static_cast<const Branch*>(slot));
      }
    }
  }
}

std::optional<RrsetView> LabelTree::rrset(const Node& node, RrType type) const {
  const std::span<const std::uint8_t> records = node.records();
  const std::uint8_t* at = records.data();
  const std::uint8_t* const end = at + records.size();
  while (at < end) {
    const RrsetHeader header = RrsetHeader::read(at);
    if (header.type == static_cast<std::uint16_t>(type)) {
      return RrsetView(type, header.ttl, header.count, at, suffix_,
                       at + header.size);
    }
    at += header.body_size();
  }
  return std::nullopt;
}

void LabelTree::for_each_rrset(
    const Node& node, const std::function<void(RrsetView)>& visit) const {
  const std::span<const std::uint8_t> records = node.records();
  const std::uint8_t* at = records.data();
  const std::uint8_t* const end = at + records.size();
  while (at < end) {
    const RrsetHeader header = RrsetHeader::read(at);
    visit(RrsetView(RrType{header.type}, header.ttl, header.count, at, suffix_,
                    at + header.size));
    at += header.body_size();
  }
}

TreeEdit LabelTree::edit() const { return {*pool_, suffix_}; }

}  // namespace canopy
