// Checks that the pages of a list come to an end.  Each page has a token for
// the next one (metadata.continue), and only the API server knows the number of
// pages.  A page may have no items because all of them were filtered out (API
// concepts, "Retrieving large results sets in chunks").
//
// Plain values, no threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

class ListProgress {
 public:
  // Fifty times the objects of the largest known clusters.
  static constexpr std::uint64_t kMaxObjects = 5'000'000;
  static constexpr std::size_t kMaxPages = 10'000;
  static constexpr std::size_t kMaxEmptyPages = 16;  // in a row
  // A token contains an etcd key, its revision and a few words.
  static constexpr std::size_t kMaxToken = 8 << 10;  // octets

  // Counts one more object.  False when there are too many; why() has the
  // reason.
  bool take_object();
  // Call at the end of a page.  False when the next page must not be requested.
  bool take_page(const ListEnvelope& envelope);

  std::uint64_t objects() const { return objects_; }
  // The number of empty pages in a row so far.
  std::size_t empty_pages() const { return empty_; }
  const std::string& why() const { return why_; }

 private:
  bool fail(std::string why);
  bool comes_round(const std::string& token);

  std::uint64_t objects_ = 0;
  std::uint64_t objects_before_ = 0;  // at the end of the last page
  std::size_t pages_ = 0;
  std::size_t empty_ = 0;
  std::string token_;  // a token seen earlier
  std::string why_;
};

}  // namespace canopy::kube
