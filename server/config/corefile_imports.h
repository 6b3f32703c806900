// Finds the words that `import` inserts into a Corefile: those of a snippet, of
// a file, or of all files that match a pattern.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "healthz/environment.h"
#include "server/config/corefile_tokens.h"

namespace canopy {

class CorefileImports {
 public:
  explicit CorefileImports(const Environment& environment)
      : environment_(environment) {}

  // All functions throw ConfigurationError.
  std::vector<CorefileToken> of_file(const std::string& path);
  // Returns the words for "import NAME".  A snippet called NAME is preferred to
  // a file.  A relative path starts at the folder of the importing file.  A
  // pattern without matches is no error.
  std::vector<CorefileToken> of(const CorefileToken& name);
  void define(const std::string& snippet, const CorefilePlace& at,
              std::vector<CorefileToken> words);

  // Notes for the operator: patterns without matches.
  std::vector<std::string> take_remarks() { return std::move(remarks_); }

 private:
  // Bounds, for files that import themselves.
  static constexpr int kMostImports = 1'000;
  static constexpr std::size_t kMostWords = 100'000;
  static constexpr std::size_t kMaxFile = 1 << 20;  // the limit of a ConfigMap

  std::vector<CorefileToken> of_pattern(const CorefileToken& name,
                                        const std::string& pattern);
  std::vector<CorefileToken> counted(const CorefilePlace& at,
                                     std::vector<CorefileToken> words);

  const Environment& environment_;
  std::map<std::string, std::vector<CorefileToken>> snippets_;
  std::vector<std::string> remarks_;
  int imports_ = 0;
  std::size_t words_ = 0;
};

}  // namespace canopy
