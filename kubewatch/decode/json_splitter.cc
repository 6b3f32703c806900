#include "kubewatch/decode/json_splitter.h"

#include <utility>

namespace canopy::kube {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

constexpr std::size_t kKeptCapacity = 256 << 10;

}  // namespace

JsonSplitter::JsonSplitter(Shape shape, Sink sink)
    : shape_(shape), sink_(std::move(sink)) {}

bool JsonSplitter::feed(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    if (depth_ > floor()) {
      if (inside(at, end) == Step::kStop) return false;
    } else if (in_string_) {
      const char* const next = skip_string(at, end);
      if (keep({at, next}) == Step::kStop) return false;
      at = next;
    } else if (outside_string(*at++) == Step::kStop) {
      return false;
    }
  }
  return true;
}

// Copies text deeper than floor() unchanged, up to the bracket that ends it.
// Moves `at` past that bracket, or to the end.
JsonSplitter::Step JsonSplitter::inside(const char*& at, const char* end) {
  const char* const start = at;
  while (at != end) {
    const char c = *at;
    if (in_string_) {
      at = skip_string(at, end);
      continue;
    }
    if (c == '}' || c == ']') break;
    ++at;
    if (c == '"') {
      in_string_ = true;
    } else if ((c == '{' || c == '[') && deepen() == Step::kStop) {
      return Step::kStop;
    }
  }
  if (keep({start, at}) == Step::kStop) return Step::kStop;
  return at == end ? Step::kGoOn : close(*at++);
}

// Returns the end of the part of the string that lies before `end`.
const char* JsonSplitter::skip_string(const char* at, const char* end) {
  for (; at != end; ++at) {
    if (escaped_) {
      escaped_ = false;
    } else if (*at == '\\') {
      escaped_ = true;
    } else if (*at == '"') {
      in_string_ = false;
      key_ = depth_ == 1 ? Key::kString : Key::kOther;
      return at + 1;
    }
  }
  return at;
}

JsonSplitter::Step JsonSplitter::outside_string(char c) {
  if (depth_ == 0) {
    if (is_space(c)) return skip_space();
    return c == '{' ? open(c) : fail("expected a JSON object");
  }
  if (items_open_ && depth_ == 2) return between_items(c);
  if (is_space(c)) return keep_space();
  switch (c) {
    case '{':
    case '[':
      return open(c);
    case '}':
    case ']':
      return close(c);
    case '"':
      in_string_ = true;
      string_start_ = value_.size();
      return keep({&c, 1});
    case ':':
      key_ = key_ == Key::kString && last_string_is_items() ? Key::kItems
                                                            : Key::kOther;
      return keep({&c, 1});
    default:
      key_ = Key::kOther;
      return keep({&c, 1});
  }
}

bool JsonSplitter::last_string_is_items() const {
  constexpr std::string_view kItems = "\"items\"";
  return std::string_view(value_).substr(string_start_, kItems.size()) ==
         kItems;
}

JsonSplitter::Step JsonSplitter::between_items(char c) {
  if (is_space(c)) return skip_space();
  if (c == ']') {
    items_open_ = false;
    return close(c);
  }
  if (c == ',' && after_item_) {
    after_item_ = false;
    return Step::kGoOn;
  }
  if (c != '{' || after_item_) {
    return fail("\"items\" must be a list of objects");
  }
  ++depth_;
  return keep({&c, 1});
}

JsonSplitter::Step JsonSplitter::open(char c) {
  if (c == '[' && key_ == Key::kItems && shape_ == Shape::kLists) {
    items_open_ = true;
    after_item_ = false;
    value_ += c;
    ++depth_;
    return Step::kGoOn;
  }
  key_ = Key::kOther;
  if (deepen() == Step::kStop) return Step::kStop;
  return keep({&c, 1});
}

JsonSplitter::Step JsonSplitter::deepen() {
  if (++depth_ <= kMaxDepth) return Step::kGoOn;
  return fail("more than 64 levels of nesting");
}

JsonSplitter::Step JsonSplitter::close(char c) {
  key_ = Key::kOther;
  if (keep({&c, 1}) == Step::kStop) return Step::kStop;
  --depth_;
  if (items_open_ && depth_ == 2) {
    after_item_ = true;
    return emit(Part::kItem, item_);
  }
  return depth_ == 0 ? emit(Part::kValue, value_) : Step::kGoOn;
}

JsonSplitter::Step JsonSplitter::emit(Part part, std::string& text) {
  blanks_ = 0;
  const bool go_on = sink_(part, text);
  text.clear();
  if (text.capacity() > kKeptCapacity) text.shrink_to_fit();
  return go_on ? Step::kGoOn : Step::kStop;
}

JsonSplitter::Step JsonSplitter::keep(std::string_view bytes) {
  std::string& kept = text();
  if (kept.size() + bytes.size() > kMaxObjectSize) {
    return fail("an object is larger than 8 MiB");
  }
  // Reserve the maximum: untouched memory costs nothing, while a text that
  // grows by doubling needs three times its size.
  if (kept.size() + bytes.size() > kKeptCapacity) kept.reserve(kMaxObjectSize);
  kept += bytes;
  return Step::kGoOn;
}

// One blank replaces a row of blanks.
JsonSplitter::Step JsonSplitter::keep_space() {
  return text().back() == ' ' ? skip_space() : keep(" ");
}

JsonSplitter::Step JsonSplitter::skip_space() {
  if (++blanks_ <= kMaxBlanks) return Step::kGoOn;
  return fail("more than 1 MiB of whitespace around an object");
}

JsonSplitter::Step JsonSplitter::fail(const char* why) {
  error_ = why;
  return Step::kStop;
}

}  // namespace canopy::kube
