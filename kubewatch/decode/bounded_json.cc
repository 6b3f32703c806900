#include "kubewatch/decode/bounded_json.h"

#include <limits>
#include <string_view>

#include "kubewatch/decode/json_splitter.h"
#include "kubewatch/objects/document_keys.h"

namespace canopy::kube {

namespace {

using rapidjson::SizeType;

// Forwards events from RapidJSON's reader to a handler, with a limit of `most`
// values and of JsonSplitter::kMaxDepth nested brackets.
template <typename Handler>
class Bounded {
 public:
  Bounded(Handler& handler, std::size_t most)
      : handler_(handler), most_(most) {}

  const char* fault() const { return fault_; }

  bool Null() { return count() && handler_.Null(); }
  bool Bool(bool value) { return count() && handler_.Bool(value); }
  bool Int(int value) { return count() && handler_.Int(value); }
  bool Uint(unsigned value) { return count() && handler_.Uint(value); }
  bool Int64(std::int64_t value) { return count() && handler_.Int64(value); }
  bool Uint64(std::uint64_t value) { return count() && handler_.Uint64(value); }
  bool Double(double value) { return count() && handler_.Double(value); }
  bool RawNumber(const char* text, SizeType size, bool copy) {
    return count() && handler_.RawNumber(text, size, copy);
  }
  bool String(const char* text, SizeType size, bool copy) {
    return count() && handler_.String(text, size, copy);
  }
  bool Key(const char* text, SizeType size, bool copy) {
    return count() && handler_.Key(text, size, copy);
  }
  bool StartObject() { return open() && handler_.StartObject(); }
  bool StartArray() { return open() && handler_.StartArray(); }
  bool EndObject(SizeType members) {
    --depth_;
    return handler_.EndObject(members);
  }
  bool EndArray(SizeType elements) {
    --depth_;
    return handler_.EndArray(elements);
  }

 private:
  bool count() {
    if (++values_ <= most_) return true;
    fault_ = "more than 600,000 values in one object";
    return false;
  }
  bool open() {
    if (++depth_ <= JsonSplitter::kMaxDepth) return count();
    fault_ = "more than 64 levels of nesting";
    return false;
  }

  Handler& handler_;
  const std::size_t most_;
  std::size_t values_ = 0;
  std::size_t depth_ = 0;
  const char* fault_ = nullptr;
};

// Finds the first duplicate key of an object.
class KeyCheck
    : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, KeyCheck> {
 public:
  explicit KeyCheck(const rapidjson::FileReadStream& stream)
      : stream_(stream) {}

  std::optional<JsonFault> take_fault() {
    if (keys_.matter()) return std::move(repeated_);
    return std::nullopt;
  }

  bool Key(const char* text, SizeType size, bool) {
    const std::string_view key(text, size);
    if (!keys_.add(key) && !repeated_) {
      repeated_ = JsonFault{stream_.Tell() - size - 2,
                            repeated_key_text(key, keys_.is_at_root())};
    }
    return true;
  }
  bool String(const char* text, SizeType size, bool) {
    keys_.note_text({text, size});
    return true;
  }
  bool StartObject() { return open(); }
  bool StartArray() { return open(); }
  bool EndObject(SizeType) { return close(); }
  bool EndArray(SizeType) { return close(); }

 private:
  bool open() {
    keys_.open();
    return true;
  }
  bool close() {
    keys_.close();
    return true;
  }

  const rapidjson::FileReadStream& stream_;
  DocumentKeys keys_;
  std::optional<JsonFault> repeated_;
};

}  // namespace

std::string parse_bounded(std::string& text, rapidjson::Document& document) {
  rapidjson::InsituStringStream stream(text.data());
  rapidjson::Reader reader;
  std::string why;
  const auto fill = [&](rapidjson::Document& handler) {
    Bounded bounded(handler, kMaxValues);
    constexpr unsigned kFlags = json::kParseFlags | rapidjson::kParseInsituFlag;
    if (reader.Parse<kFlags>(stream, bounded)) return true;
    why = bounded.fault() != nullptr
              ? bounded.fault()
              : rapidjson::GetParseError_En(reader.GetParseErrorCode());
    return false;
  };
  document.Populate(fill);
  return why;
}

std::optional<JsonFault> find_json_fault(std::FILE* file) {
  std::string buffer(64 << 10, '\0');
  rapidjson::FileReadStream stream(file, buffer.data(), buffer.size());
  rapidjson::Reader reader;
  for (std::size_t documents = 0;; ++documents) {
    rapidjson::SkipWhitespace(stream);
    if (stream.Peek() == '\0') return std::nullopt;
    if (documents == kMaxDocuments) {
      return JsonFault{stream.Tell(), kTooManyDocuments};
    }
    constexpr unsigned kFlags =
        json::kParseFlags | rapidjson::kParseStopWhenDoneFlag;
    // The number of values is unlimited: only the hashes of keys are kept.
    KeyCheck check(stream);
    Bounded bounded(check, std::numeric_limits<std::size_t>::max());
    if (!reader.Parse<kFlags>(stream, bounded)) {
      return JsonFault{
          reader.GetErrorOffset(),
          bounded.fault() != nullptr
              ? bounded.fault()
              : rapidjson::GetParseError_En(reader.GetParseErrorCode())};
    }
    if (auto fault = check.take_fault()) return fault;
  }
}

}  // namespace canopy::kube
