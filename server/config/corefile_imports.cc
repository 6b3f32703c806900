#include "server/config/corefile_imports.h"

#include <glob.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "healthz/read_file.h"

namespace canopy {
namespace {

bool is_pattern(const std::string& text) {
  return text.find_first_of("*?[") != std::string::npos;
}

std::string path_from(const std::string& file, const std::string& path) {
  const auto slash = file.rfind('/');
  if (path.starts_with('/') || slash == std::string::npos) return path;
  return file.substr(0, slash + 1) + path;
}

// Returns the matches, sorted by name.
std::vector<std::string> files_of(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(pattern.c_str(), GLOB_ERR, nullptr, &found) == 0) {
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return files;
}

}  // namespace

std::vector<CorefileToken> CorefileImports::of_file(const std::string& path) {
  const FileText read = read_file(path, kMaxFile);
  if (!read.ok()) throw ConfigurationError(path + ": " + read.fault);
  return corefile_tokens(path, read.text, environment_);
}

std::vector<CorefileToken> CorefileImports::of(const CorefileToken& name) {
  if (++imports_ > kMostImports) {
    throw corefile_error(name.at, "more than " + std::to_string(kMostImports) +
                                      " imports; does \"" + name.text +
                                      "\" import itself?");
  }
  const auto snippet = snippets_.find(name.text);
  if (snippet != snippets_.end()) return counted(name.at, snippet->second);
  const std::string path = path_from(*name.at.file, name.text);
  if (is_pattern(path)) return of_pattern(name, path);
  const FileText read = read_file(path, kMaxFile);
  if (!read.ok()) {
    throw corefile_error(name.at, "import " + name.text + ": " + path + ": " +
                                      read.fault +
                                      ", and no earlier snippet has this name");
  }
  return counted(name.at, corefile_tokens(path, read.text, environment_));
}

std::vector<CorefileToken> CorefileImports::of_pattern(
    const CorefileToken& name, const std::string& pattern) {
  if (std::ranges::count(pattern, '*') > 1 ||
      pattern.find('[') != std::string::npos) {
    throw corefile_error(name.at, "import " + name.text +
                                      ": a pattern may have one *, and no [ ]");
  }
  std::vector<CorefileToken> words;
  for (const std::string& file : files_of(pattern)) {
    std::vector<CorefileToken> of_one = of_file(file);
    std::ranges::move(of_one, std::back_inserter(words));
  }
  if (words.empty()) {
    remarks_.push_back(name.at.text() + ": import " + name.text +
                       ": no file matches");
  }
  return counted(name.at, std::move(words));
}

std::vector<CorefileToken> CorefileImports::counted(
    const CorefilePlace& at, std::vector<CorefileToken> words) {
  words_ += words.size();
  if (words_ <= kMostWords) return words;
  throw corefile_error(at, "the imports have more than " +
                               std::to_string(kMostWords) + " words");
}

void CorefileImports::define(const std::string& snippet,
                             const CorefilePlace& at,
                             std::vector<CorefileToken> words) {
  if (snippets_.emplace(snippet, std::move(words)).second) return;
  throw corefile_error(
      at, "snippet (" + snippet + ") is already defined; choose another name");
}

}  // namespace canopy
