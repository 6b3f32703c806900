#include "server/config/corefile_parser.h"

#include <iterator>
#include <map>
#include <utility>

#include "server/config/corefile_imports.h"

namespace canopy {
namespace {

// An import is replaced by the words of its file or snippet.  So an imported
// file may close one block and open another, as in CoreDNS.
class Parser {
 public:
  Parser(const std::string& path, const Environment& environment)
      : imports_(environment), tokens_(imports_.of_file(path)) {}

  Corefile all() {
    Corefile corefile;
    while (!at_end()) {
      CorefileServer server{keys(), {}};
      if (is_snippet(server)) {
        define(server.keys.front());
      } else if (!server.keys.empty()) {
        server.directives = directives();
        corefile.servers.push_back(std::move(server));
      }
    }
    corefile.remarks = imports_.take_remarks();
    return corefile;
  }

 private:
  bool at_end() const { return next_ == tokens_.size(); }
  const CorefileToken& peek() const { return tokens_[next_]; }
  const CorefileToken& take() { return tokens_[next_++]; }

  bool begins_line() const {
    if (next_ == 0 || peek().after_import) return true;
    const CorefileToken& before = tokens_[next_ - 1];
    return before.at.file != peek().at.file ||
           before.last_line != peek().at.line;
  }

  // Replaces an import at this place.  Returns true if there was one; another
  // may follow.
  bool take_import() {
    if (at_end() || !begins_line() || peek().quoted ||
        peek().text != "import") {
      return false;
    }
    const CorefileToken import = take();
    if (at_end() || begins_line()) {
      throw corefile_error(
          import.at,
          "import: the name is missing; give a file, a pattern "
          "such as conf.d/*.conf, or a snippet");
    }
    const CorefileToken name = take();
    if (!at_end() && !begins_line()) {
      throw corefile_error(import.at,
                           "import: takes one argument, a file or a pattern");
    }
    if (!at_end()) tokens_[next_].after_import = true;
    const auto first = tokens_.begin() + static_cast<std::ptrdiff_t>(next_ - 2);
    const auto after = tokens_.erase(first, first + 2);
    std::vector<CorefileToken> found = imports_.of(name);
    next_ -= 2;
    if (!found.empty()) found.front().after_import = true;
    tokens_.insert(after, std::make_move_iterator(found.begin()),
                   std::make_move_iterator(found.end()));
    return true;
  }

  // Takes the keys of a server block, up to { or the end of the line.  After a
  // comma they continue on the next line.
  std::vector<CorefileToken> keys() {
    std::vector<CorefileToken> keys;
    bool goes_on = true;
    while (!at_end() && (goes_on || !begins_line())) {
      if (take_import()) continue;
      if (peek().closes()) throw no_start(peek());
      if (peek().opens()) {
        if (!keys.empty()) break;
        throw corefile_error(
            peek().at, "this { has no key before it; write one such as .:53 {");
      }
      CorefileToken key = take();
      refuse_brace_without_blank(key);
      goes_on = key.text.ends_with(',');
      if (goes_on) key.text.pop_back();
      if (key.text.empty() && !goes_on) {
        throw corefile_error(
            key.at, "a key is empty; is an environment variable not set?");
      }
      if (!key.text.empty()) keys.push_back(std::move(key));
    }
    if (goes_on && !keys.empty()) {
      throw corefile_error(keys.back().at,
                           "after \"" + keys.back().text +
                               "\" there is a comma but no other key; remove "
                               "the comma");
    }
    return keys;
  }

  // Braces are words of their own.
  void refuse_brace_without_blank(const CorefileToken& word) const {
    if (word.quoted || word.text.size() < 2 || !word.text.ends_with('{')) {
      return;
    }
    if (!at_end() && !begins_line()) return;
    throw corefile_error(word.at,
                         "\"" + word.text + "\": write a blank before the {");
  }

  static bool is_snippet(const CorefileServer& server) {
    if (server.keys.size() != 1) return false;
    const std::string& key = server.keys.front().text;
    return key.size() > 2 && key.starts_with('(') && key.ends_with(')');
  }

  // Stores the words between the braces.  Imports inside are not replaced yet.
  void define(const CorefileToken& key) {
    const std::string name = key.text.substr(1, key.text.size() - 2);
    if (at_end() || !peek().opens()) {
      throw corefile_error(key.at,
                           "snippet " + key.text + " has no { after its name");
    }
    take();
    std::vector<CorefileToken> words;
    for (int depth = 1; depth > 0;) {
      if (at_end()) throw no_end(key);
      depth += peek().opens() ? 1 : peek().closes() ? -1 : 0;
      words.push_back(take());
    }
    words.pop_back();
    imports_.define(name, key.at, std::move(words));
  }

  // Without braces, the block extends to the end of the file.
  std::vector<CorefileLine> directives() {
    if (at_end() || !peek().opens()) return lines(nullptr);
    const CorefileToken open = take();
    return lines(&open);
  }

  // Takes lines up to the } for `open`; null: up to the end of the file.
  std::vector<CorefileLine> lines(const CorefileToken* open) {
    std::vector<CorefileLine> lines;
    for (;;) {
      if (take_import()) continue;
      if (at_end()) {
        if (open == nullptr) return lines;
        throw no_end(*open);
      }
      if (peek().closes()) {
        const CorefileToken& close = take();
        if (open != nullptr) return lines;
        throw no_start(close);
      }
      lines.push_back(line());
    }
  }

  CorefileLine line() {
    if (peek().opens()) {
      throw corefile_error(
          peek().at,
          "a line cannot start with {; write it at the end of the line "
          "before");
    }
    CorefileLine line;
    refuse_brace_without_blank(peek());
    do {
      line.words.push_back(take());
    } while (!at_end() && !begins_line() && !peek().opens() &&
             !peek().closes());
    if (at_end() || begins_line() || !peek().opens()) return line;
    const CorefileToken open = take();
    if (!at_end() && !begins_line() && !peek().closes()) {
      throw corefile_error(
          open.at,
          "options start on the line after {; write one option "
          "a line, and the } on a line of its own");
    }
    if (++depth_ > kMostDepth) {
      throw corefile_error(open.at, "blocks are nested too deeply");
    }
    line.block = lines(&open);
    --depth_;
    return line;
  }

  static ConfigurationError no_end(const CorefileToken& open) {
    return corefile_error(open.at,
                          "the block that starts here has no } at its end");
  }
  static ConfigurationError no_start(const CorefileToken& close) {
    return corefile_error(close.at,
                          "this } has no { that it closes; remove it");
  }

  // Enough for all directives.
  static constexpr int kMostDepth = 16;

  CorefileImports imports_;
  std::vector<CorefileToken> tokens_;
  std::size_t next_ = 0;
  int depth_ = 0;
};

}  // namespace

Corefile parse_corefile(const std::string& path,
                        const Environment& environment) {
  return Parser(path, environment).all();
}

}  // namespace canopy
