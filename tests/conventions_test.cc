// What comments and READMEs say exists: the files, tests and headings they
// name.  Reads the source folder it is run in.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

constexpr std::array kFolders = {"cache"sv,     "deploy"sv, "healthz"sv,
                                 "kubewatch"sv, "server"sv, "tests"sv,
                                 "zones"sv};
constexpr std::array kTopFiles = {"CMakeLists.txt"sv, "Dockerfile"sv,
                                  "README.md"sv, ".ci/run"sv};
constexpr std::array kNamedTypes = {".h"sv,  ".cc"sv, ".py"sv,
                                    ".sh"sv, ".md"sv, ".svg"sv};

bool ends_in_one_of(std::string_view word, const auto& ends) {
  return std::ranges::any_of(
      ends, [&](std::string_view end) { return word.ends_with(end); });
}

std::vector<std::string> files_with_words() {
  std::vector<std::string> files(kTopFiles.begin(), kTopFiles.end());
  for (const std::string_view folder : kFolders) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string path = entry.path();
      if (ends_in_one_of(path, kNamedTypes) || path.ends_with(".yaml")) {
        files.push_back(path);
      }
    }
  }
  return files;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_markdown(std::string_view path) { return path.ends_with(".md"); }

// What of a line is written for people: all of it in Markdown.
std::string_view prose_of(std::string_view line, std::string_view path) {
  if (is_markdown(path)) return line;
  const bool is_cpp = path.ends_with(".h") || path.ends_with(".cc");
  const auto begin = line.find(is_cpp ? "//"sv : "#"sv);
  return begin == std::string_view::npos ? ""sv : line.substr(begin);
}

bool is_path_octet(char octet) {
  return std::isalnum(static_cast<unsigned char>(octet)) != 0 ||
         "_./-"sv.find(octet) != std::string_view::npos;
}

// The file names in `prose`.  Not <ares.h>, *_fuzz.cc, nor the end of a URL.
std::vector<std::string> file_names(std::string_view prose) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < prose.size();) {
    std::size_t end = at;
    while (end < prose.size() && is_path_octet(prose[end])) ++end;
    std::string_view word = prose.substr(at, end - at);
    while (word.ends_with('.')) word.remove_suffix(1);
    while (word.starts_with("./")) word.remove_prefix(2);
    const char before = at == 0 ? ' ' : prose[at - 1];
    if (ends_in_one_of(word, kNamedTypes) && !word.starts_with('.') &&
        !word.starts_with("//") &&
        "<*:}"sv.find(before) == std::string_view::npos) {
      names.emplace_back(word);
    }
    at = std::max(end, at + 1);
  }
  return names;
}

// What stands in `text` between each `open` and the next `close`.
std::vector<std::string> between(std::string_view text, std::string_view open,
                                 std::string_view close) {
  std::vector<std::string> found;
  for (auto at = text.find(open); at != std::string_view::npos;) {
    const auto begin = at + open.size();
    const auto end = text.find(close, begin);
    if (end == std::string_view::npos) break;
    found.emplace_back(text.substr(begin, end - begin));
    at = text.find(open, end + close.size());
  }
  return found;
}

// Base names of all files, to which prose without a folder refers.
class Names {
 public:
  Names() {
    for (const std::string& file : files_with_words()) {
      base_names_.insert(fs::path(file).filename());
    }
  }

  // `word` as a path from the top or from the folder of `from`; without a
  // slash, as a base name.
  bool exists(const std::string& word, const std::string& from) const {
    if (word.find('/') == std::string::npos) return base_names_.contains(word);
    return fs::exists(word) || fs::exists(fs::path(from).parent_path() / word);
  }

  bool has_test(const std::string& name) const {
    return base_names_.contains(name + ".cc") ||
           base_names_.contains(name + ".py");
  }

 private:
  std::set<std::string> base_names_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t end; at < text.size(); at = end + 1) {
    end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
  }
  return lines;
}

// "## Signals and exit status" is #signals-and-exit-status.
std::set<std::string> anchors_of(const std::string& markdown) {
  std::set<std::string> anchors;
  for (const std::string& line : lines_of(markdown)) {
    if (!line.starts_with('#')) continue;
    std::string anchor;
    for (const char octet : line.substr(line.find_first_not_of("# "))) {
      if (octet == ' ') {
        anchor += '-';
      } else if (is_path_octet(octet) && octet != '.' && octet != '/') {
        anchor +=
            static_cast<char>(std::tolower(static_cast<unsigned char>(octet)));
      }
    }
    anchors.insert(anchor);
  }
  return anchors;
}

bool is_good_link(const std::string& link, const std::string& from) {
  if (link.starts_with("http")) return true;
  const auto hash = std::min(link.find('#'), link.size());
  const std::string path =
      hash == 0
          ? from
          : std::string(fs::path(from).parent_path() / link.substr(0, hash));
  if (!fs::exists(path)) return false;
  return hash == link.size() ||
         anchors_of(text_of(path)).contains(link.substr(hash + 1));
}

TEST_CASE("file names are found in prose, and nothing else is") {
  CHECK(file_names("see zones/name.h, or (name.cc).") ==
        std::vector<std::string>{"zones/name.h", "name.cc"});
  CHECK(file_names("<ares.h> tests/*_fuzz.cc https://a.example/b.md a.hh") ==
        std::vector<std::string>{});
  CHECK(prose_of("int a;  // as in name.h", "name.cc") == "// as in name.h");
  CHECK(prose_of("run us  # and ask.py", "run.sh") == "# and ask.py");
}

TEST_CASE("files that comments and READMEs name exist") {
  const Names names;
  std::size_t count = 0;
  for (const std::string& file : files_with_words()) {
    CAPTURE(file);
    for (const std::string& line : lines_of(text_of(file))) {
      for (const std::string& name : file_names(prose_of(line, file))) {
        CAPTURE(name);
        CHECK(names.exists(name, file));
        ++count;
      }
    }
  }
  CHECK(count > 200);  // else this is not the source folder
}

TEST_CASE("tests that READMEs name exist, and links lead somewhere") {
  const Names names;
  for (const std::string& file : files_with_words()) {
    if (!is_markdown(file)) continue;
    CAPTURE(file);
    const std::string text = text_of(file);
    for (const std::string& code : between(text, "`", "`")) {
      const bool is_word = code.find_first_of(" ./=") == std::string::npos;
      if (!is_word ||
          (!code.starts_with("test_") && !code.ends_with("_test"))) {
        continue;
      }
      CAPTURE(code);
      CHECK(names.has_test(code));
    }
    for (const std::string& link : between(text, "](", ")")) {
      CAPTURE(link);
      CHECK(is_good_link(link, file));
    }
  }
}

}  // namespace
