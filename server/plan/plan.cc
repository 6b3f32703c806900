#include "server/plan/plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "server/plan/rewrites.h"

namespace canopy {
namespace {

// Orders the blocks by length of domain, and adds the root's.
void sort(Listener& listener) {
  std::map<std::string, Block> by_domain;
  by_domain.emplace(Name().to_text(),
                    Block{.domain = {}, .serves_zones = false});
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

// True when both answer a looked-up query alike.
bool answer_alike(const Block& a, const Block& b) {
  Block plain_a = a;
  Block plain_b = b;
  plain_a.rewrites = plain_b.rewrites = {};
  return plain_a == plain_b;
}

}  // namespace

bool operator==(const SharedRewrites& a, const SharedRewrites& b) {
  if (a.rules == b.rules) return true;
  return a.rules != nullptr && b.rules != nullptr && *a.rules == *b.rules;
}

// Operators have tens of stub domains at most, so a linear search is fast
// enough.
const Block& Listener::longest_for(NameView qname) const {
  for (const Block& block : blocks) {
    if (qname.is_subdomain_of(block.domain)) return block;
  }
  return blocks.back();  // the root's block
}

Plan::Plan(std::vector<Listener> listeners) : listeners_(std::move(listeners)) {
  for (Listener& listener : listeners_) {
    sort(listener);
    add_for_rewritten(listener);
  }
  set_cache_parts();
}

// Equal blocks have one listener.
void Plan::add_for_rewritten(Listener& listener) {
  for (Block& block : listener.blocks) {
    if (!block.rewrites) continue;
    Listener inner{.tier = listener.tier, .blocks = block.rewrites->blocks};
    sort(inner);
    auto same =
        std::ranges::find(for_rewritten_, inner.blocks, &Listener::blocks);
    if (same == for_rewritten_.end()) {
      for_rewritten_.push_back(std::move(inner));
      same = for_rewritten_.end() - 1;
    }
    block.rewrites.listener = static_cast<std::uint8_t>(
        listeners_.size() +
        static_cast<std::size_t>(same - for_rewritten_.begin()));
  }
}

void Plan::set_cache_parts() {
  std::vector<Listener*> all;
  all.reserve(listeners_.size() + for_rewritten_.size());
  for (Listener& listener : listeners_) all.push_back(&listener);
  for (Listener& listener : for_rewritten_) all.push_back(&listener);
  for (Listener* const listener : all) {
    const auto same = std::ranges::find_if(all, [&](const Listener* other) {
      return std::ranges::equal(other->blocks, listener->blocks, answer_alike);
    });
    listener->cache_part = static_cast<CachePart>(same - all.begin());
  }
}

const Listener& Plan::numbered(std::size_t number) const {
  if (number < listeners_.size()) return listeners_[number];
  number -= listeners_.size();
  return number < for_rewritten_.size() ? for_rewritten_[number]
                                        : listeners_.front();
}

std::size_t Plan::most_listeners_of(const std::vector<Listener>& listeners) {
  std::size_t count = listeners.size();
  std::vector<const Rewrites*> counted;
  for (const Listener& listener : listeners) {
    for (const Block& block : listener.blocks) {
      if (!block.rewrites) continue;
      const Rewrites* const rules = block.rewrites.rules.get();
      if (std::ranges::find(counted, rules) != counted.end()) continue;
      counted.push_back(rules);
      ++count;
    }
  }
  return count;
}

}  // namespace canopy
