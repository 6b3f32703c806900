// Finds the word that a misspelled word probably stands for.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace canopy {

// Returns the word of `known` with the smallest edit distance to `word`; empty
// when none is close.
std::string most_similar(std::string_view word,
                         std::span<const std::string_view> known);

}  // namespace canopy
