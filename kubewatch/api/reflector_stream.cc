// The part of Reflector that lists by the first events of a watch, and falls
// back to pages if the API server does not support that.
#include <utility>

#include "healthz/log.h"
#include "kubewatch/api/reflector.h"
#include "kubewatch/objects/shown_text.h"

namespace canopy::kube {

namespace {

using End = ApiReply::End;

// True for an HTTP status which means that the API server does not support this
// request and will not support a retry.  A server without the feature sends 422
// (Invalid).
bool is_final(int code) {
  constexpr int kUnauthorized = 401;
  constexpr int kGone = 410;
  constexpr int kTooManyRequests = 429;
  constexpr int kNotImplemented = 501;
  if (code == kNotImplemented) return true;
  return code >= 400 && code < 500 && code != kUnauthorized && code != kGone &&
         code != kTooManyRequests;
}

}  // namespace

Reflector::Next Reflector::list_in_stream() {
  Stream stream;
  stream.duration = watch_duration();
  stream.list = StreamedList{{cluster_.new_origin(), origin_, {}}, {}};
  return follow(stream, stream_path(stream.duration));
}

// False when the list cannot be completed.
bool Reflector::take_initial(Stream& stream, WatchEvent&& event) {
  if (event.type == WatchEvent::Type::kError) {
    note_error(event);
    return false;
  }
  StreamedList& list = *stream.list;
  if (!list.events.take(event)) return false;
  if (list.events.ended()) {
    finish_list(list.listing, list.events.objects(), event.resource_version);
    cluster_.note_streamed_list(options_.kind);
    begin_watch(stream);
    return true;
  }
  cluster_.put_event(list.listing, std::move(event));
  rest_now_and_then();
  return true;
}

// The list is complete; later events of the stream are changes.
void Reflector::begin_watch(Stream& stream) {
  stream.list.reset();
  stream.start = options_.clock();
  watching_since_ = stream.start.time_since_epoch().count();
  cluster_.note_watch(options_.kind);
  broken_streams_ = 0;
  told_of_pages_ = false;
}

// The list was not completed and is discarded.
Reflector::Next Reflector::after_broken_stream(const StreamedList& list,
                                               const ApiReply& reply) {
  cluster_.abandon(list.listing);
  if (wants_to_end()) return Next::kList;
  const std::string why = why_broken(list, reply);
  if (reply.end == End::kRefused && is_final(reply.status.code)) {
    list_in_pages_for_now(why);
    return Next::kList;  // without a pause: the next request is a different one
  }
  failed("list: " + why);
  if (is_no_streamed_list(list, reply)) list_in_pages_for_now(why);
  ++broken_streams_;
  pause(reply.retry_after);
  return Next::kList;
}

std::string Reflector::why_broken(const StreamedList& list,
                                  const ApiReply& reply) const {
  if (overdue_) {
    return reply.status.code == 200
               ? "the streamed list was not complete in time"
               : "no answer";
  }
  if (error_event_.code != 0) return error_event_text();
  if (!list.events.why().empty()) {
    return "the list does not end: " + list.events.why();
  }
  if (reply.end == End::kWhole)
    return "the watch ended before the list was complete";
  return reply.why;
}

// True when the reply shows that the API server, or a proxy in front of it,
// does not support sendInitialEvents: no bookmark ends the list, or the reply
// is not a watch stream.  A stream that ends early, is cut, or has an ERROR
// event shows nothing, because the API server may be shutting down.
bool Reflector::is_no_streamed_list(const StreamedList& list,
                                    const ApiReply& reply) const {
  if (reply.status.code != 200) return false;
  if (overdue_ || !list.events.why().empty()) return true;
  return reply.end == End::kFailed;
}

// Only for a while: the API server may be upgraded.
void Reflector::list_in_pages_for_now(const std::string& why) {
  pages_until_ = options_.clock() + options_.times.stream_again;
  if (std::exchange(told_of_pages_, true)) return;
  log_info("{}: the API server does not stream lists; listing in pages: {}",
           resource_path(), why);
}

}  // namespace canopy::kube
