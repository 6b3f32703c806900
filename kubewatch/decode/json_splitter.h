// Cuts a stream of JSON into object texts without holding more than one of
// them.  It only counts braces and skips strings; the texts are validated by
// whoever parses them.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace canopy::kube {

class JsonSplitter {
 public:
  enum class Shape {
    kValues,  // objects one after the other, as a watch sends them
    kLists,   // the same, but the elements of "items" come one by one, and
              // then the object around them, with "items" empty
  };
  enum class Part { kValue, kItem };
  // `text` may be written to.  False stops the splitter.
  using Sink = std::function<bool(Part, std::string& text)>;

  // An object of more than this is an error.  The API server takes requests of
  // 3 MiB whatever etcd's limit is (1.5 MiB unless raised); from protobuf,
  // which controllers send, they become at most 2.5 times as long.
  static constexpr std::size_t kMaxObjectSize = 8 << 20;
  // Blanks around or within one object that are not kept.
  static constexpr std::size_t kMaxBlanks = 1 << 20;
  // Brackets within brackets.  No object the DNS needs has more than 16.
  static constexpr std::size_t kMaxDepth = 64;

  JsonSplitter(Shape shape, Sink sink);

  // False when the text cannot be JSON objects or the sink said stop; then
  // nothing more may be fed.
  bool feed(std::string_view bytes);
  // True when the text did not end within an object.
  bool is_between_values() const { return depth_ == 0; }
  // Why feed() returned false; empty when the sink stopped it.
  const std::string& error() const { return error_; }

 private:
  enum class Step { kGoOn, kStop };
  // What the last token at depth 1 was, as far as "items" goes.
  enum class Key { kOther, kString, kItems };

  // Below it only brackets and strings count.
  std::size_t floor() const {
    if (shape_ == Shape::kValues) return 0;
    return items_open_ ? 2 : 1;
  }
  Step inside(const char*& at, const char* end);
  const char* skip_string(const char* at, const char* end);
  Step outside_string(char c);
  Step between_items(char c);
  Step open(char c);
  Step close(char c);
  Step deepen();
  Step emit(Part part, std::string& text);
  Step keep(std::string_view bytes);
  Step keep_space();
  Step skip_space();
  Step fail(const char* why);
  bool last_string_is_items() const;
  // Where the octet at hand belongs.
  std::string& text() { return items_open_ && depth_ > 2 ? item_ : value_; }

  Shape shape_;
  Sink sink_;
  std::string value_;
  std::string item_;
  std::string error_;
  std::size_t depth_ = 0;
  std::size_t blanks_ = 0;  // that were not kept, since the last part
  bool in_string_ = false;
  bool escaped_ = false;
  bool items_open_ = false;  // inside "items": [ ... ]
  bool after_item_ = false;  // a comma or the end must come
  Key key_ = Key::kOther;
  std::size_t string_start_ = 0;  // in value_, of a string at depth 1
};

}  // namespace canopy::kube
