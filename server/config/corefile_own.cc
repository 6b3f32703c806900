// The directives chaos, nsid and whoami (coredns.io/plugins/...).
#include <algorithm>

#include "server/config/corefile_directives.h"
#include "server/config/corefile_words.h"
#include "server/machine/host_name.h"

namespace canopy {
namespace {

// A character string of a TXT record (RFC 1035 3.3).
constexpr std::size_t kMostTextOctets = 255;

// Longer texts are cut, as in CoreDNS.
std::string cut_text(const CorefileToken& word) {
  return word.text.substr(0, kMostTextOctets);
}

}  // namespace

void read_chaos(const CorefileLine& line, CorefileReading& reading) {
  const auto words = arguments_of(line);
  require_arguments(line, {0, kMostArguments});
  OwnTexts& own = reading.block.own;
  if (words.empty()) return;
  own.version = cut_text(words[0]);
  own.authors.clear();
  own.authors.reserve(words.size());
  for (const CorefileToken& author : words.subspan(1)) {
    own.authors.push_back(cut_text(author));
  }
  std::ranges::sort(own.authors);
  own.authors.erase(std::unique(own.authors.begin(), own.authors.end()),
                    own.authors.end());
}

void read_nsid(const CorefileLine& line, CorefileReading& reading) {
  constexpr std::size_t kMostOctets = 255;  // so that answers have room
  std::string text = joined_arguments(line);
  if (line.words.size() == 1) text = host_name();
  if (text.size() > kMostOctets) {
    throw ConfigurationError("has more than 255 characters; write fewer");
  }
  reading.block.own.nsid = std::move(text);
}

void read_whoami(const CorefileLine& line, CorefileReading& reading) {
  require_arguments(line, {0, kMostArguments});
  reading.block.own.whoami = true;
}

}  // namespace canopy
