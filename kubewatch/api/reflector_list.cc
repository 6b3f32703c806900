// The part of Reflector that lists in pages.
#include <algorithm>
#include <utility>

#include "kubewatch/api/reflector.h"
#include "kubewatch/decode/watch_decoder.h"

namespace canopy::kube {

namespace {

using End = ApiReply::End;

// While lists fail, every fourth list is requested in pages, because the API
// server or a proxy may fail streamed lists only.
constexpr std::size_t kMaxBrokenStreams = 3;

// RFC 3986 2.1: encodes all octets but the unreserved ones.
std::string percent_encoded(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                       (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[octet >> 4];
      out += kHex[octet & 15];
    }
  }
  return out;
}

}  // namespace

// --- requests -------------------------------------------------------------

std::string Reflector::resource_path() const {
  return api_kind(options_.kind).path;
}

std::string Reflector::selector() const {
  // Namespaces are filtered by their own selector, in this process.
  if (options_.kind == ObjectKind::kNamespace) return {};
  const LabelSelector& labels = cluster_.options().selection.labels;
  if (labels.is_empty()) return {};
  return "&labelSelector=" + percent_encoded(labels.text());
}

std::string Reflector::list_path(const std::string& continue_token) const {
  std::string path = resource_path() +
                     "?limit=" + std::to_string(options_.page_size) +
                     selector();
  if (!continue_token.empty()) {
    path += "&continue=" + percent_encoded(continue_token);
  }
  return path;
}

std::string Reflector::stream_path(std::chrono::seconds duration) const {
  return resource_path() +
         "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"
         "&resourceVersionMatch=NotOlderThan&timeoutSeconds=" +
         std::to_string(duration.count()) + selector();
}

std::string Reflector::watch_path(std::chrono::seconds duration) const {
  return resource_path() +
         "?watch=1&allowWatchBookmarks=true&resourceVersion=" +
         percent_encoded(resource_version_) +
         "&timeoutSeconds=" + std::to_string(duration.count()) + selector();
}

// --- list -----------------------------------------------------------------

Reflector::Next Reflector::list() {
  const bool in_pages =
      options_.clock() < pages_until_ || broken_streams_ >= kMaxBrokenStreams;
  return in_pages ? list_in_pages() : list_in_stream();
}

Reflector::Next Reflector::list_in_pages() {
  broken_streams_ = 0;
  const Listing listing{cluster_.new_origin(), origin_, {}};
  ListEnvelope envelope;
  ListProgress progress;
  do {
    rest_after_empty(progress.empty_pages());
    const ApiReply reply = list_page(listing, envelope, progress);
    if (reply.end != End::kWhole) {
      cluster_.abandon(listing);
      // The snapshot of the pages may be compacted: start at the first page
      // again.
      if (reply.end != End::kStopped) failed("list: " + reply.why);
      if (!wants_to_end()) pause(reply.retry_after);
      return Next::kList;
    }
  } while (!envelope.continue_token.empty());
  finish_list(listing, progress.objects(), envelope.resource_version);
  return Next::kWatch;
}

void Reflector::finish_list(const Listing& listing, std::uint64_t objects,
                            const std::string& resource_version) {
  origin_ = listing.origin;
  resource_version_ = resource_version;
  consistency_.listed(objects, resource_version_);
  listed_ = checked_ = options_.clock();
  list_again_ = std::chrono::duration_cast<std::chrono::nanoseconds>(
      options_.times.relist * (1 + options_.random()));
  cluster_.finish(listing, options_.kind, resource_version_);
  succeeded();
}

// The rest of a list must arrive at the lowest rate.
void Reflector::expect_rest_of_list(Time start, std::int64_t octets) {
  const ReflectorTimes& times = options_.times;
  expect_within(start - options_.clock() + times.read_slack +
                std::chrono::seconds(octets / times.least_rate));
}

// A reply that is not a complete list is never End::kWhole.
ApiReply Reflector::list_page(const Listing& listing, ListEnvelope& envelope,
                              ListProgress& progress) {
  const ReflectorTimes& times = options_.times;
  const std::string path = list_path(envelope.continue_token);
  bool has_end = false;
  ListDecoder decoder(kind_name(options_.kind),
                      {[&](Decoded&& decoded) {
                         put(listing, std::move(decoded));
                         rest_now_and_then();
                         return progress.take_object();
                       },
                       [&](ListEnvelope&& found) {
                         envelope = std::move(found);
                         has_end = true;
                         return true;
                       }});
  Time start{};
  std::int64_t octets = 0;
  ApiReply reply = request({.path = path,
                            .read_timeout = times.read_slack,
                            .compressed = true,
                            .on_start =
                                [&] {
                                  start = options_.clock();
                                  expect_within(times.read_slack);
                                }},
                           [&](std::string_view bytes) {
                             octets += static_cast<std::int64_t>(bytes.size());
                             expect_rest_of_list(start, octets);
                             return !wants_to_end() && decoder.feed(bytes);
                           });
  if (overdue_) {
    reply.end = End::kFailed;
    reply.why = "the reply is too slow";
  } else if (!decoder.error().empty()) {
    reply.end = End::kFailed;
    reply.why = "the reply is not a list: " + decoder.error();
  } else if (reply.end == End::kWhole &&
             (!has_end || !decoder.is_between_values())) {
    reply.end = End::kFailed;
    reply.why = "the reply is not a list: it ends too early";
  }
  if (reply.end == End::kWhole) progress.take_page(envelope);
  if (!progress.why().empty()) {
    reply.end = End::kFailed;
    reply.why = "the list does not end: " + progress.why();
  }
  return reply;
}

void Reflector::put(const Listing& listing, Decoded&& decoded) {
  if (auto* object = std::get_if<DecodedObject>(&decoded)) {
    cluster_.put(listing, std::move(*object));
  } else if (const auto* bad = std::get_if<MalformedObject>(&decoded)) {
    cluster_.keep(listing, *bad);
  }
}

// A list keeps the CPU busy for a long time.  A thread that answers queries may
// share this core, and with fair scheduling a query would wait for
// milliseconds.  The first list does not rest, because little can be answered
// before its end.
void Reflector::rest_now_and_then() {
  constexpr std::chrono::microseconds kWork{300};
  constexpr std::chrono::microseconds kRest{50};
  if (origin_ == 0 || options_.clock() - rested_ < kWork) return;
  wait(kRest);
  rested_ = options_.clock();
}

}  // namespace canopy::kube
