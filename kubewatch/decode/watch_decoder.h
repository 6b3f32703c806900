// Bytes of the Kubernetes API, fed as they come, to events and objects, one
// at a time.  Memory is bounded by the largest object.
//
// Threads: one at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kubewatch/decode/json_splitter.h"
#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

// A watch: {"type": "ADDED", "object": {...}}, one after the other.
class WatchDecoder {
 public:
  // False stops the decoder.
  using Sink = std::function<bool(WatchEvent&&)>;

  WatchDecoder(ObjectKind kind, Sink sink);
  WatchDecoder(const WatchDecoder&) = delete;
  WatchDecoder& operator=(const WatchDecoder&) = delete;

  // False when the stream is no watch or the sink said stop.
  bool feed(std::string_view bytes);
  // True when the bytes so far are whole events.
  bool is_between_values() const { return splitter_.is_between_values(); }
  // Empty when the sink stopped it.
  const std::string& error() const;

 private:
  bool decode(std::string& text);

  ObjectKind kind_;
  Sink sink_;
  JsonSplitter splitter_;
  std::string error_;
};

// A list, or any row of JSON objects: the items of lists come one by one, and
// those of lists in lists.
class ListDecoder {
 public:
  struct Sink {
    // False stops the decoder.
    std::function<bool(Decoded&&)> object;
    // The end of a list.
    std::function<bool(ListEnvelope&&)> end;
  };

  // `item_kind` is what items that do not say are; "" when it is not known.
  ListDecoder(std::string item_kind, Sink sink);
  ListDecoder(const ListDecoder&) = delete;
  ListDecoder& operator=(const ListDecoder&) = delete;

  bool feed(std::string_view bytes);
  bool is_between_values() const { return splitter_.is_between_values(); }
  const std::string& error() const;

 private:
  bool decode(JsonSplitter::Part part, std::string& text);

  std::string item_kind_;
  Sink sink_;
  JsonSplitter splitter_;
  std::string error_;
  std::size_t nameless_ = 0;
};

// meta/v1 Status of an error reply; code 0 when the text is none.
ApiStatus decode_status(std::string text);

}  // namespace canopy::kube
