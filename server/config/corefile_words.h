// Values of the words of a Corefile's line.  All functions throw
// ConfigurationError with a text that follows the line's name.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "server/config/corefile_rows.h"
#include "server/config/text_values.h"

namespace canopy {

// The words after the name.
inline std::span<const CorefileToken> arguments_of(const CorefileLine& line) {
  return std::span(line.words).subspan(1);
}

struct ArgumentCount {
  std::size_t least = 0;
  std::size_t most = 0;
};
// More arguments than any line needs.
inline constexpr std::size_t kMostArguments = 255;

void require_arguments(const CorefileLine& line, ArgumentCount count);

// Returns parse(word), a function of text_values.h.  Adds the word to its
// error.
template <typename Parse>
auto value_of(const CorefileToken& word, const Parse& parse) {
  if (word.text.empty()) {
    throw ConfigurationError(
        "an argument is empty; is an environment variable not set?");
  }
  try {
    return parse(word.text);
  } catch (const ConfigurationError& error) {
    throw ConfigurationError("\"" + word.text + "\" " + error.what());
  }
}

// The texts of all arguments with blanks between them.
std::string joined_arguments(const CorefileLine& line);

// Parses a duration as Go writes it: "5s", "1m30s", "1.5h", "0".
std::chrono::milliseconds go_duration_value(std::string_view text);

// Adds a note for the operator on an accepted line.
void add_remark(const CorefileLine& line, CorefileReading& reading,
                const std::string& text);

// Readers for options that need nothing from us.
void accept_flag(const CorefileLine& line, CorefileReading&);  // no argument
void accept_any(const CorefileLine& line, CorefileReading&);
void accept_number(const CorefileLine& line, CorefileReading&);
void accept_duration(const CorefileLine& line, CorefileReading&);

}  // namespace canopy
