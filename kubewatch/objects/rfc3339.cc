#include "kubewatch/objects/rfc3339.h"

#include <charconv>
#include <chrono>

namespace canopy::kube {

namespace {

// Reads exactly `digits` digits; -1 when there are fewer.
int number(std::string_view& text, std::size_t digits) {
  int value = -1;
  if (text.size() < digits) return -1;
  const char* const end = text.data() + digits;
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || value < 0) return -1;
  text.remove_prefix(digits);
  return value;
}

bool skip(std::string_view& text, char wanted) {
  if (text.empty() || (text.front() | 0x20) != (wanted | 0x20)) return false;
  text.remove_prefix(1);
  return true;
}

double fraction(std::string_view& text) {
  double value = 0;
  double unit = 0.1;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    value += unit * (text.front() - '0');
    unit /= 10;
    text.remove_prefix(1);
  }
  return value;
}

}  // namespace

// RFC 3339 5.6.  A leap second counts as the following second.
double seconds_from_rfc3339(std::string_view text) {
  using std::chrono::sys_days;
  const int year = number(text, 4);
  if (!skip(text, '-')) return 0;
  const int month = number(text, 2);
  if (!skip(text, '-')) return 0;
  const int day = number(text, 2);
  if (!skip(text, 'T')) return 0;
  const int hour = number(text, 2);
  if (!skip(text, ':')) return 0;
  const int minute = number(text, 2);
  if (!skip(text, ':')) return 0;
  const int second = number(text, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 ||
      second < 0) {
    return 0;
  }
  const double part = skip(text, '.') ? fraction(text) : 0;
  int offset = 0;
  if (!skip(text, 'Z')) {
    if (text.empty()) return 0;
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    const int hours = number(text, 2);
    if (!skip(text, ':')) return 0;
    const int minutes = number(text, 2);
    if (hours < 0 || minutes < 0) return 0;
    offset = sign * (hours * 60 + minutes);
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(unsigned(month)),
                                         std::chrono::day(unsigned(day))};
  if (!date.ok() || !text.empty()) return 0;
  const auto days = sys_days(date).time_since_epoch().count();
  return double(days) * 86400 + (hour * 60 + minute - offset) * 60 + second +
         part;
}

}  // namespace canopy::kube
