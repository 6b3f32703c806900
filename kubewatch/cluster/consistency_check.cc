#include "kubewatch/cluster/consistency_check.h"

#include <charconv>
#include <utility>

namespace canopy::kube {

namespace {

std::optional<std::uint64_t> number_of(const std::string& version) {
  std::uint64_t number = 0;
  const char* const end = version.data() + version.size();
  const auto read = std::from_chars(version.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

void ConsistencyCheck::listed(std::uint64_t objects,
                              const std::string& resource_version) {
  objects_ = objects;
  version_ = number_of(resource_version);
  pending_.reset();
}

ConsistencyCheck::Verdict ConsistencyCheck::compare() {
  pending_.reset();
  return objects_ == claimed_ ? Verdict::kSame : Verdict::kDiffers;
}

ConsistencyCheck::Verdict ConsistencyCheck::saw(
    WatchEvent::Type type, const std::string& resource_version) {
  using Type = WatchEvent::Type;
  const auto version = number_of(resource_version);
  if (version && version_) {
    const bool is_old =
        type == Type::kBookmark ? *version < *version_ : *version <= *version_;
    if (is_old) return Verdict::kBackInTime;
  }
  Verdict verdict = Verdict::kNone;
  if (pending_ && version) {
    // A bookmark means that all events up to this version were delivered.
    const bool past =
        type == Type::kBookmark ? *version >= *pending_ : *version > *pending_;
    if (past) verdict = compare();
  }
  if (type == Type::kAdded) ++objects_;
  if (type == Type::kDeleted && objects_ > 0) --objects_;
  if (version) version_ = version;
  return verdict;
}

ConsistencyCheck::Verdict ConsistencyCheck::claims(const ListEnvelope& list,
                                                   std::uint64_t items) {
  pending_.reset();
  const auto version = number_of(list.resource_version);
  if (!version || !version_) return Verdict::kNone;
  if (*version < *version_) return Verdict::kBackInTime;
  const bool whole = list.continue_token.empty();
  // With a selector the server does not send a count.
  if (!whole && !list.remaining_items) return Verdict::kNone;
  claimed_ = items + (whole ? 0 : *list.remaining_items);
  pending_ = version;
  return *version == *version_ ? compare() : Verdict::kNone;
}

ConsistencyCheck::Verdict ConsistencyCheck::watched_to_the_end() {
  return pending_ ? compare() : Verdict::kNone;
}

}  // namespace canopy::kube
