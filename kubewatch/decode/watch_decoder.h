// Decodes bytes of the Kubernetes API, fed as they arrive, into events and
// objects, one at a time.  Memory is bounded by the largest object.
//
// Threads: one at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kubewatch/decode/json_splitter.h"
#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

// Decodes a watch: a series of {"type": "ADDED", "object": {...}}.
class WatchDecoder {
 public:
  // False stops the decoder.
  using Sink = std::function<bool(WatchEvent&&)>;

  WatchDecoder(ObjectKind kind, Sink sink);
  WatchDecoder(const WatchDecoder&) = delete;
  WatchDecoder& operator=(const WatchDecoder&) = delete;

  // False when the stream is not a watch, or when the sink returned false.
  bool feed(std::string_view bytes);
  // True when the bytes so far are complete events.
  bool is_between_values() const { return splitter_.is_between_values(); }
  // Why feed() returned false; empty when the sink stopped it.
  const std::string& error() const;

 private:
  bool decode(std::string& text);

  ObjectKind kind_;
  Sink sink_;
  JsonSplitter splitter_;
  std::string error_;
};

// Decodes a list, or any series of JSON objects.  Items of lists, and of lists
// within lists, are delivered one by one.
class ListDecoder {
 public:
  struct Sink {
    // False stops the decoder.
    std::function<bool(Decoded&&)> object;
    // Called at the end of a list.
    std::function<bool(ListEnvelope&&)> end;
  };

  // `item_kind` is the kind of items that have no `kind`; "" when unknown.
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

// Decodes the meta/v1 Status of an error reply; code 0 when `text` is not a
// Status.
ApiStatus decode_status(std::string text);

}  // namespace canopy::kube
