// The directives log and errors (coredns.io/plugins/log and errors).
#include <algorithm>
#include <array>

#include "server/config/corefile_directives.h"
#include "server/config/corefile_words.h"

namespace canopy {
namespace {

constexpr std::array<std::string_view, 4> kClasses = {"success", "denial",
                                                      "error", "all"};

void read_class(const CorefileLine& line, CorefileReading&) {
  require_arguments(line, {1, kMostArguments});
  for (const CorefileToken& word : arguments_of(line)) {
    if (std::ranges::count(kClasses, word.text) > 0) continue;
    throw ConfigurationError("\"" + word.text +
                             "\" is not one of success, denial, error or all");
  }
}

// True unless the options select only denials and errors.
bool logs_successes(const CorefileLine& log) {
  bool has_class = false;
  for (const CorefileLine& option : log.block) {
    for (const CorefileToken& word : arguments_of(option)) {
      if (word.text == "success" || word.text == "all") return true;
      has_class = true;
    }
  }
  return !has_class;
}

void read_consolidate(const CorefileLine& line, CorefileReading&) {
  require_arguments(line, {2, 4});
  value_of(line.words[1], go_duration_value);
}

constexpr CorefileRow kLogRows[] = {
    {.name = "class", .read = read_class},
};
// Repeated errors are always consolidated.
constexpr CorefileRow kErrorsRows[] = {
    {.name = "stacktrace", .read = accept_flag},
    {.name = "consolidate", .read = read_consolidate},
};

}  // namespace

const CorefileTable kLogOptions{kLogRows};
const CorefileTable kErrorsOptions{kErrorsRows};

void read_log(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {0, kMostArguments});
  if (!logs_successes(line)) {
    return add_remark(line, reading,
                      "single queries are not logged, because their class is "
                      "not known yet when they are; see the metric "
                      "canopydns_dns_responses_total");
  }
  reading.settings.log.queries = true;
  const bool is_plain = line.words.size() == 1 ||
                        (line.words.size() == 2 && line.words[1].text == ".");
  if (!is_plain) {
    add_remark(line, reading,
               "names and format are ignored: one line is logged for every "
               "query");
  }
}

void read_errors(const CorefileLine& line, CorefileReading&) {
  require_arguments(line, {0, 1});
  if (line.words.size() == 1 || line.words[1].text == "stdout") return;
  throw ConfigurationError("\"" + line.words[1].text +
                           "\" is not supported: errors are logged to stderr; "
                           "remove it");
}

}  // namespace canopy
