#include "server/config/corefile_tokens.h"

#include <algorithm>
#include <utility>

namespace canopy {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The text before and after the name of an environment variable.
struct Form {
  std::string_view begin;
  std::string_view end;
};
constexpr Form kForms[] = {{"{$", "}"}, {"{%", "%}"}};

std::string with_variables(std::string text, const Environment& environment) {
  for (const Form& form : kForms) {
    std::size_t at = 0;
    while ((at = text.find(form.begin, at)) != std::string::npos) {
      const std::size_t name = at + form.begin.size();
      const std::size_t end = text.find(form.end, name);
      if (end == std::string::npos || end == name) break;
      const std::string value =
          environment(text.substr(name, end - name)).value_or("");
      text.replace(at, end + form.end.size() - at, value);
      at += value.size();  // variables in values are not replaced
    }
  }
  return text;
}

class Lexer {
 public:
  Lexer(const std::string& file, std::string_view text,
        const Environment& environment)
      : file_(std::make_shared<const std::string>(file)),
        text_(text),
        environment_(environment) {
    if (text_.starts_with(kByteOrderMark)) {
      text_.remove_prefix(kByteOrderMark.size());
    }
  }

  std::vector<CorefileToken> all() {
    while (skip_to_word()) {
      if (text_[at_] == '"') {
        take_quoted();
      } else {
        take_plain();
      }
    }
    return std::move(tokens_);
  }

 private:
  static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  }

  // Returns false at the end of the text.
  bool skip_to_word() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        if (at_ == text_.size()) return false;
      }
      if (!is_blank(text_[at_])) return true;
      if (text_[at_] == '\n') ++line_;
    }
    return false;
  }

  void take_plain() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != '#') {
      ++at_;
    }
    add(std::string(text_.substr(begin, at_ - begin)), {file_, line_}, false);
  }

  // Only a quote can be escaped: \" stands for it.  Other backslashes are kept,
  // because regular expressions use them.
  void take_quoted() {
    const CorefilePlace began{file_, line_};
    std::string word;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return add(std::move(word), began, true);
      }
      if (c == '\\' && at_ + 1 < text_.size()) {
        if (text_[at_ + 1] != '"') word += c;
        c = text_[++at_];
      }
      if (c == '\n') ++line_;
      word += c;
    }
    throw corefile_error(began,
                         "the quote that starts here has no end; add a \"");
  }

  void add(std::string text, const CorefilePlace& began, bool quoted) {
    tokens_.push_back({.text = with_variables(std::move(text), environment_),
                       .at = began,
                       .last_line = line_,
                       .quoted = quoted});
  }

  const std::shared_ptr<const std::string> file_;
  std::string_view text_;
  const Environment& environment_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::vector<CorefileToken> tokens_;
};

}  // namespace

std::vector<CorefileToken> corefile_tokens(const std::string& file,
                                           std::string_view text,
                                           const Environment& environment) {
  return Lexer(file, text, environment).all();
}

ConfigurationError corefile_error(const CorefilePlace& at,
                                  const std::string& what) {
  return ConfigurationError(at.text() + ": " + what);
}

}  // namespace canopy
