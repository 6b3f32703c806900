#include "server/forward/upstream_conditions.h"

#include <algorithm>
#include <chrono>

namespace canopy {
namespace {

std::string folded_text(const Name& name) {
  std::string text;
  for (const std::uint8_t octet : name.wire()) {
    text.push_back(static_cast<char>(fold(octet)));
  }
  return text;
}

}  // namespace

std::optional<Name> UpstreamConditions::start_loop_check(
    const std::shared_ptr<UpstreamCondition>& condition, RandomOctets& random) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < kTokenSize; ++i) {
    text.push_back(kDigits[random.below(kDigits.size())]);
  }
  text += "." + std::string(kLoopLabel) + ".";
  if (condition->domain().view().label_count() > 0) {
    text += condition->domain().to_text();
  }
  const auto name = Name::from_text(text);
  if (!name) return std::nullopt;
  const std::lock_guard lock(mutex_);
  loop_checks_[folded_text(*name)] = {condition};
  return *name;
}

bool UpstreamConditions::came_back(const Name& qname) {
  std::shared_ptr<UpstreamCondition> condition;
  {
    const std::lock_guard lock(mutex_);
    const auto found = loop_checks_.find(folded_text(qname));
    if (found == loop_checks_.end()) return false;
    found->second.came_back = true;
    condition = found->second.condition;
  }
  condition->note_loop(std::chrono::steady_clock::now());
  return true;
}

void UpstreamConditions::end_loop_check(const Name& name, bool answered,
                                        TimePoint now) {
  LoopCheck ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = loop_checks_.find(folded_text(name));
    if (found == loop_checks_.end()) return;
    ended = found->second;
    loop_checks_.erase(found);
  }
  if (answered && !ended.came_back) ended.condition->note_no_loop(now);
}

std::shared_ptr<UpstreamCondition> UpstreamConditions::of(
    const Name& domain, const SocketAddress& endpoint, std::uint64_t edition) {
  const std::lock_guard lock(mutex_);
  latest_ = std::max(latest_, edition);
  Item& item = items_[{domain.to_text(), endpoint}];
  if (!item.condition) {
    item.condition = std::make_shared<UpstreamCondition>(domain, endpoint, say_,
                                                         query_case_);
  }
  item.edition = std::max(item.edition, edition);
  return item.condition;
}

std::vector<UpstreamHealth> UpstreamConditions::in_use() const {
  const std::lock_guard lock(mutex_);
  std::vector<UpstreamHealth> all;
  for (const auto& [key, item] : items_) {
    if (item.edition != latest_) continue;
    const UpstreamCondition& condition = *item.condition;
    all.push_back(
        {.server = condition.endpoint(),
         .domain = key.first,
         .is_up = condition.is_up(),
         .is_loop = condition.state() == UpstreamCondition::State::kLoop,
         .changes = condition.changes(),
         .probes = condition.probes()});
  }
  return all;
}

}  // namespace canopy
