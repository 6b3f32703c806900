#include "kubewatch/api/list_progress.h"

#include <bit>
#include <utility>

namespace canopy::kube {

bool ListProgress::fail(std::string why) {
  why_ = std::move(why);
  return false;
}

bool ListProgress::take_object() {
  if (++objects_ <= kMaxObjects) return true;
  return fail("more than " + std::to_string(kMaxObjects) + " objects");
}

bool ListProgress::take_page(const ListEnvelope& envelope) {
  ++pages_;
  const bool is_empty = std::exchange(objects_before_, objects_) == objects_;
  empty_ = is_empty ? empty_ + 1 : 0;
  const std::string& token = envelope.continue_token;
  if (token.empty()) return true;
  if (token.size() > kMaxToken) {
    return fail("a continue token of more than 8 KiB");
  }
  if (comes_round(token)) return fail("a continue token comes a second time");
  if (empty_ > kMaxEmptyPages) {
    return fail("more than " + std::to_string(kMaxEmptyPages) +
                " pages in a row without items");
  }
  if (pages_ < kMaxPages) return true;
  return fail("more than " + std::to_string(kMaxPages) + " pages");
}

// Detects a cycle of tokens (Brent's algorithm).  It keeps one token, and
// replaces that token after each power of two of pages.  A cycle returns to it.
bool ListProgress::comes_round(const std::string& token) {
  if (token == token_) return true;
  if (std::has_single_bit(pages_)) token_ = token;
  return false;
}

}  // namespace canopy::kube
