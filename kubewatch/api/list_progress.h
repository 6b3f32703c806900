// Whether the pages of a list lead to its end.  The API server says with each
// page how to ask for the next one (metadata.continue), and only it knows how
// many there will be.  A page may be without items, as what it held was
// filtered out (API concepts, "Retrieving large results sets in chunks").
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
  // Fifty times the largest clusters that are known of.
  static constexpr std::uint64_t kMaxObjects = 5'000'000;
  static constexpr std::size_t kMaxPages = 10'000;
  static constexpr std::size_t kMaxEmptyPages = 16;  // in a row
  // A key of etcd, its revision and a few words more.
  static constexpr std::size_t kMaxToken = 8 << 10;  // octets

  // One more object.  False: it is one too many; why() says so.
  bool take_object();
  // The end of a page.  False when the next one shall not be asked for.
  bool take_page(const ListEnvelope& envelope);

  std::uint64_t objects() const { return objects_; }
  // Pages in a row that were empty, up to now.
  std::size_t empty_pages() const { return empty_; }
  const std::string& why() const { return why_; }

 private:
  bool fail(std::string why);
  bool comes_round(const std::string& token);

  std::uint64_t objects_ = 0;
  std::uint64_t objects_before_ = 0;  // at the end of the last page
  std::size_t pages_ = 0;
  std::size_t empty_ = 0;
  std::string token_;  // one of those seen
  std::string why_;
};

}  // namespace canopy::kube
