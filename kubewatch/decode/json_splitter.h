// Splits a stream of JSON into the texts of objects, and holds at most one of
// them.  The splitter only counts brackets and skips strings; the parser of
// each text validates it.
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
    kValues,  // objects in a row, as in a watch
    kLists,   // lists: first each element of "items", then the list itself,
              // with "items" empty
  };
  enum class Part { kValue, kItem };
  // The sink may modify `text`.  It returns false to stop the splitter.
  using Sink = std::function<bool(Part, std::string& text)>;

  // A larger object is an error.  The API server accepts requests of 3 MiB
  // whatever etcd's limit is (1.5 MiB by default).  Controllers send protobuf,
  // whose JSON form is at most 2.5 times as long.
  static constexpr std::size_t kMaxObjectSize = 8 << 20;
  // The most blanks, around or within one object, that are skipped.
  static constexpr std::size_t kMaxBlanks = 1 << 20;
  // The deepest nesting of brackets.  No object that DNS needs has more than
  // 16.
  static constexpr std::size_t kMaxDepth = 64;

  JsonSplitter(Shape shape, Sink sink);

  // False when the text cannot be JSON objects, or when the sink returned
  // false.  After that, feed() must not be called again.
  bool feed(std::string_view bytes);
  // True when the text so far ends between objects.
  bool is_between_values() const { return depth_ == 0; }
  // Why feed() returned false; empty when the sink stopped it.
  const std::string& error() const { return error_; }

 private:
  enum class Step { kGoOn, kStop };
  // The last token at depth 1: a string, the key "items" with its colon, or
  // another.
  enum class Key { kOther, kString, kItems };

  // Deeper than this depth, only brackets and strings matter.
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
  // The text that the current octet belongs to.
  std::string& text() { return items_open_ && depth_ > 2 ? item_ : value_; }

  Shape shape_;
  Sink sink_;
  std::string value_;
  std::string item_;
  std::string error_;
  std::size_t depth_ = 0;
  std::size_t blanks_ = 0;  // skipped since the last part
  bool in_string_ = false;
  bool escaped_ = false;
  bool items_open_ = false;  // inside "items": [ ... ]
  bool after_item_ = false;  // a comma or the end must follow
  Key key_ = Key::kOther;
  std::size_t string_start_ = 0;  // offset in value_ of a string at depth 1
};

}  // namespace canopy::kube
