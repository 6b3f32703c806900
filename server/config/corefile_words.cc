#include "server/config/corefile_words.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace canopy {
namespace {

// Removes a unit from the start of `text` and returns its milliseconds; 0:
// none.
double take_go_unit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    double milliseconds;
  };
  for (const Unit& unit :
       {Unit{"ns", 1e-6}, Unit{"us", 1e-3}, Unit{"\u00B5s", 1e-3},
        Unit{"ms", 1.0}, Unit{"s", 1e3}, Unit{"m", 6e4}, Unit{"h", 3.6e6}}) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return unit.milliseconds;
  }
  return 0;
}

}  // namespace

void require_arguments(const CorefileLine& line, ArgumentCount count) {
  const std::size_t given = line.words.size() - 1;
  if (given >= count.least && given <= count.most) return;
  const std::string wanted =
      count.most == 0             ? "no argument"
      : count.least == count.most ? "exactly " + std::to_string(count.least)
      : given < count.least       ? "at least " + std::to_string(count.least)
                                  : "at most " + std::to_string(count.most);
  throw ConfigurationError("takes " + wanted + ", not " +
                           std::to_string(given));
}

std::string joined_arguments(const CorefileLine& line) {
  std::string text;
  for (const CorefileToken& word : arguments_of(line)) {
    if (!text.empty()) text += ' ';
    text += word.text;
  }
  return text;
}

std::chrono::milliseconds go_duration_value(std::string_view text) {
  constexpr double kTenYears = 10 * 365.25 * 86'400'000;
  if (text == "0") return {};
  double total = 0;
  bool good = !text.empty();
  while (good && !text.empty()) {
    double count = 0;
    const auto [stop, error] =
        std::from_chars(text.data(), text.data() + text.size(), count,
                        std::chars_format::fixed);
    good = error == std::errc() && std::isfinite(count) && count >= 0 &&
           !text.starts_with('-');
    if (!good) break;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    const double unit = take_go_unit(text);
    total += count * unit;
    good = unit != 0 && total <= kTenYears;
  }
  if (good) return std::chrono::milliseconds(std::llround(total));
  throw ConfigurationError(
      "is not a duration; give a number with a unit (ms, s, m or h), such as "
      "2s");
}

void add_remark(const CorefileLine& line, CorefileReading& reading,
                const std::string& text) {
  reading.settings.remarks.push_back(line.at().text() + ": " + line.name() +
                                     ": " + text);
}

void accept_flag(const CorefileLine& line, CorefileReading&) {
  require_arguments(line, {0, 0});
}

void accept_any(const CorefileLine& line, CorefileReading&) {
  require_arguments(line, {0, kMostArguments});
}

void accept_number(const CorefileLine& line, CorefileReading&) {
  require_arguments(line, {1, 1});
  value_of(line.words[1], [](const std::string& text) {
    return number_value(text, {0, std::numeric_limits<std::int32_t>::max()});
  });
}

void accept_duration(const CorefileLine& line, CorefileReading&) {
  require_arguments(line, {1, 1});
  value_of(line.words[1], go_duration_value);
}

}  // namespace canopy
