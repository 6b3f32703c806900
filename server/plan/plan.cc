#include "server/plan/plan.h"

#include <algorithm>
#include <map>
#include <utility>

namespace canopy {
namespace {

// Orders the blocks by length of domain, and adds the root's.
void sort(Listener& listener) {
  std::map<std::string, Block> by_domain;
  by_domain.emplace(Name().to_text(), Block{.domain = {}, .serves_zones = false});
  for (Block& block : listener.blocks) {
    by_domain.insert_or_assign(block.domain.to_text(), std::move(block));
  }
  listener.blocks.clear();
  for (auto& [domain, block] : by_domain) {
    listener.blocks.push_back(std::move(block));
  }
  std::ranges::stable_sort(listener.blocks, [](const Block& a, const Block& b) {
    return a.domain.size() > b.domain.size();
  });
}

}  // namespace

// Operators have tens of stub domains at most, so a linear search is fast
// enough.
const Block& Listener::longest_for(NameView qname) const {
  for (const Block& block : blocks) {
    if (qname.is_subdomain_of(block.domain)) return block;
  }
  return blocks.back();  // the root's block
}

Plan::Plan(std::vector<Listener> listeners) : listeners_(std::move(listeners)) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    Listener& listener = listeners_[i];
    sort(listener);
    const auto same =
        std::ranges::find(listeners_, listener.blocks, &Listener::blocks);
    listener.cache_part = static_cast<CachePart>(same - listeners_.begin());
  }
}

}  // namespace canopy
