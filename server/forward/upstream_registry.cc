#include "server/forward/upstream_registry.h"

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

std::optional<Name> UpstreamRegistry::start_loop_check(
    const std::shared_ptr<UpstreamHealth>& health, RandomOctets& random) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < kTokenSize; ++i) {
    text.push_back(kDigits[random.below(kDigits.size())]);
  }
  text += "." + std::string(kLoopLabel) + ".";
  if (health->domain().view().label_count() > 0) {
    text += health->domain().to_text();
  }
  const auto name = Name::from_text(text);
  if (!name) return std::nullopt;
  const std::lock_guard lock(mutex_);
  loop_checks_[folded_text(*name)] = {health};
  return *name;
}

bool UpstreamRegistry::came_back(const Name& qname) {
  std::shared_ptr<UpstreamHealth> health;
  {
    const std::lock_guard lock(mutex_);
    const auto found = loop_checks_.find(folded_text(qname));
    if (found == loop_checks_.end()) return false;
    found->second.came_back = true;
    health = found->second.health;
  }
  health->note_loop(std::chrono::steady_clock::now());
  return true;
}

void UpstreamRegistry::end_loop_check(const Name& name, bool answered,
                                      TimePoint now) {
  LoopCheck ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = loop_checks_.find(folded_text(name));
    if (found == loop_checks_.end()) return;
    ended = found->second;
    loop_checks_.erase(found);
  }
  if (answered && !ended.came_back) ended.health->note_no_loop(now);
}

std::shared_ptr<UpstreamHealth> UpstreamRegistry::of(
    const Name& domain, const SocketAddress& endpoint, std::uint64_t edition) {
  const std::lock_guard lock(mutex_);
  latest_ = std::max(latest_, edition);
  Item& item = items_[{domain.to_text(), endpoint}];
  if (!item.health) {
    item.health =
        std::make_shared<UpstreamHealth>(domain, endpoint, say_, query_case_);
  }
  item.edition = std::max(item.edition, edition);
  return item.health;
}

std::vector<UpstreamReport> UpstreamRegistry::in_use() const {
  const std::lock_guard lock(mutex_);
  std::vector<UpstreamReport> all;
  for (const auto& [key, item] : items_) {
    if (item.edition != latest_) continue;
    const UpstreamHealth& health = *item.health;
    all.push_back({.server = health.endpoint(),
                   .domain = key.first,
                   .is_up = health.is_up(),
                   .is_loop = health.state() == UpstreamHealth::State::kLoop,
                   .changes = health.changes(),
                   .probes = health.probes(),
                   .failed_checks = health.failed_checks()});
  }
  return all;
}

}  // namespace canopy
