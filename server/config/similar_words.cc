#include "server/config/similar_words.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace canopy {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal =
          std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row.back();
}

}  // namespace

std::string most_similar(std::string_view word,
                         std::span<const std::string_view> known) {
  constexpr std::size_t kShortest = 2;
  constexpr std::size_t kLongest = 64;  // bounds the work
  if (word.size() < kShortest || word.size() > kLongest) return {};
  std::string_view best;
  // Short words are similar to too many others.
  std::size_t least = word.size() < 5 ? 2 : 3;
  for (const std::string_view name : known) {
    const std::size_t distance = edit_distance(word, name);
    if (distance >= least) continue;
    least = distance;
    best = name;
  }
  return std::string(best);
}

}  // namespace canopy
