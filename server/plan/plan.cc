#include "server/plan/plan.h"

#include <algorithm>
#include <map>
#include <utility>

namespace canopy {
namespace {

Listener sorted(Listener listener) {
  std::map<std::string, Block> by_domain;
  by_domain.emplace(Name().to_text(), Block{});
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
  return listener;
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

Plan::Plan(Listener cache, Listener zone)
    : listeners_{sorted(std::move(cache)), sorted(std::move(zone))} {}

}  // namespace canopy
