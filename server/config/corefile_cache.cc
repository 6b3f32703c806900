// The directive cache (coredns.io/plugins/cache).
#include "server/config/corefile_directives.h"
#include "server/config/corefile_words.h"
#include "server/config/corefile_zones.h"

namespace canopy {
namespace {

constexpr std::uint64_t kMostSeconds = 31'536'000;  // a year

std::uint32_t cache_seconds(const CorefileToken& word, std::uint64_t least) {
  return value_of(word, [&](const std::string& text) {
    return static_cast<std::uint32_t>(
        number_value(text, {least, kMostSeconds}));
  });
}

// CAPACITY [TTL [LEAST]].  All blocks share one cache, which has room for the
// sum of their capacities.
void read_cache_part(const CorefileLine& line, CorefileReading& reading,
                     TtlRange& ttl) {
  require_arguments(line, {1, 3});
  const auto words = arguments_of(line);
  reading.cache_entries += value_of(words[0], [](const std::string& text) {
    return number_value(text, {0, 100'000'000});
  });
  if (words.size() > 1) ttl.most = cache_seconds(words[1], 1);
  if (words.size() > 2) ttl.least = cache_seconds(words[2], 0);
}

// disable success|denial [ZONE..]
void read_cache_disable(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {1, kMostArguments});
  const auto words = arguments_of(line);
  const std::string& kind = words[0].text;
  if (kind != "success" && kind != "denial") {
    throw ConfigurationError("\"" + kind + "\" is not success or denial");
  }
  std::vector<Name> domains;
  if (words.size() == 1) domains.emplace_back();  // the root: all names
  for (const CorefileToken& word : words.subspan(1)) {
    for (Name& zone : value_of(word, zones_value)) domains.push_back(zone);
  }
  CacheSettings& cache = *reading.block.cache;
  (kind == "success" ? cache.not_positive : cache.not_negative) =
      std::move(domains);
}

// The cache always fetches popular answers again before they expire, and serves
// expired answers while no upstream answers.
constexpr CorefileRow kCacheRows[] = {
    {.name = "success",
     .read =
         [](const CorefileLine& line, CorefileReading& r) {
           read_cache_part(line, r, r.block.cache->positive);
         }},
    {.name = "denial",
     .read =
         [](const CorefileLine& line, CorefileReading& r) {
           read_cache_part(line, r, r.block.cache->negative);
         }},
    {.name = "disable", .read = read_cache_disable},
    {.name = "prefetch",
     .read =
         [](const CorefileLine& line, CorefileReading&) {
           require_arguments(line, {1, 3});
         }},
    {.name = "serve_stale",
     .read =
         [](const CorefileLine& line, CorefileReading&) {
           require_arguments(line, {0, 5});
         }},
    {.name = "serve_stale_policy", .read = accept_any},
    {.name = "servfail", .read = accept_duration},
    {.name = "keepttl",
     .why_not = "is not supported: TTLs of cached answers always count down, "
                "so that clients do not keep them too long; remove the line"},
};

// CoreDNS reads "3600s" as a zone too.  The operator meant seconds.
void warn_of_duration(const CorefileToken& word, const CorefileLine& line,
                      CorefileReading& reading) {
  const std::string& text = word.text;
  const auto unit = text.find_first_not_of("0123456789");
  if (unit == 0 || unit == text.npos) return;
  if (text.substr(unit) != "s") return;
  add_remark(line, reading,
             "reads \"" + text +
                 "\" as a zone, so other names are not "
                 "cached; for seconds write cache " +
                 text.substr(0, unit));
}

}  // namespace

const CorefileTable kCacheOptions{kCacheRows};

void read_cache(const CorefileLine& line, CorefileReading& reading) {
  CacheSettings& cache = reading.block.cache.emplace();
  auto words = arguments_of(line);
  const bool has_ttl = !words.empty() && words[0].text.find_first_not_of(
                                             "0123456789") == std::string::npos;
  if (has_ttl) {
    cache.positive.most = cache_seconds(words[0], 1);
    cache.negative.most = cache.positive.most;
    words = words.subspan(1);
  }
  for (const CorefileToken& word : words) {
    warn_of_duration(word, line, reading);
    for (Name& zone : value_of(word, zones_value)) {
      cache.domains.push_back(zone);
    }
  }
}

}  // namespace canopy
