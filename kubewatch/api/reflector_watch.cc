// The part of Reflector that follows a watch and checks it.
#include <algorithm>
#include <optional>
#include <utility>

#include "healthz/log.h"
#include "kubewatch/api/reflector.h"
#include "kubewatch/decode/watch_decoder.h"
#include "kubewatch/objects/shown_text.h"

namespace canopy::kube {

namespace {

using End = ApiReply::End;

constexpr int kGone = 410;
// After this many checks in a row that differ despite new lists, the server's
// counts are considered useless.
constexpr std::size_t kMaxDiffered = 3;
constexpr std::size_t kMaxFrozenDoublings = 4;
// Watches that deliver changes but end within a second: after this many in a
// row, the next ones are delayed.  A restarting server causes two or three.
constexpr std::size_t kMaxShortWatches = 8;

bool is_gone(const ApiStatus& status) {
  return status.code == kGone || status.reason == "Expired" ||
         status.reason == "Gone";
}

}  // namespace

// --- watch ----------------------------------------------------------------

Reflector::Next Reflector::watch() {
  Stream stream;
  stream.duration = watch_duration();
  cluster_.note_watch(options_.kind);
  return follow(stream, watch_path(stream.duration));
}

std::chrono::seconds Reflector::watch_duration() const {
  return std::chrono::seconds(static_cast<std::int64_t>(
      double(options_.times.watch.count()) * (1 + options_.random())));
}

Reflector::Next Reflector::follow(Stream& stream, const std::string& path) {
  const ReflectorTimes& times = options_.times;
  error_event_ = {};
  verdict_ = ConsistencyCheck::Verdict::kNone;
  WatchDecoder decoder(options_.kind, [&](WatchEvent&& event) {
    return take_event(stream, std::move(event));
  });
  stream.start = options_.clock();
  ApiReply reply = request(
      {.path = path,
       .read_timeout = stream.duration + times.read_slack,
       .on_start =
           [&] {
             stream.start = options_.clock();
             expect_within(times.read_slack);
           },
       .on_reply = [&] { begin_reply(stream); }},
      [&](std::string_view bytes) { return receive(stream, decoder, bytes); });
  if (!decoder.error().empty()) {
    reply.end = End::kFailed;
    reply.why = "not a watch event: " + decoder.error();
  }
  if (stream.list) return after_broken_stream(*stream.list, reply);
  if (overdue_) return after_silence(reply);
  const bool lasted = options_.clock() - stream.start > times.shortest_watch;
  short_watches_ = lasted ? 0 : short_watches_ + 1;
  return after_watch(reply, stream.fruitful || lasted);
}

void Reflector::begin_reply(Stream& stream) {
  if (stream.list) return;
  expect_within(allowed_silence(stream.duration));
  watching_since_ = options_.clock().time_since_epoch().count();
}

bool Reflector::receive(Stream& stream, WatchDecoder& decoder,
                        std::string_view bytes) {
  const std::size_t before = stream.events;
  const bool was_between = decoder.is_between_values();
  stream.octets += static_cast<std::int64_t>(bytes.size());
  const bool go_on = !wants_to_end() && decoder.feed(bytes);
  if (stream.list) {
    expect_rest_of_list(stream.start, stream.octets);
  } else if (decoder.is_between_values()) {
    expect_within(allowed_silence(stream.duration));
  } else if (was_between || stream.events > before) {
    expect_within(options_.times.read_slack);
  }
  return go_on;
}

bool Reflector::take_event(Stream& stream, WatchEvent&& event) {
  ++stream.events;
  if (stream.list) return take_initial(stream, std::move(event));
  stream.fruitful = take(std::move(event)) || stream.fruitful;
  if (error_event_.code != 0) return false;
  return !is_back_in_time() && judge(verdict_) == Next::kWatch;
}

std::chrono::seconds Reflector::allowed_silence(
    std::chrono::seconds watch) const {
  const auto whole = watch + options_.times.read_slack;
  if (!has_bookmarks_) return whole;
  return std::min(whole, options_.times.silence *
                             (1 << std::min(frozen_, kMaxFrozenDoublings)));
}

// True when the event contained a change.
bool Reflector::take(WatchEvent&& event) {
  verdict_ = ConsistencyCheck::Verdict::kNone;
  if (event.type == WatchEvent::Type::kError) {
    note_error(event);
    return false;
  }
  verdict_ = consistency_.saw(event.type, event.resource_version);
  if (verdict_ == ConsistencyCheck::Verdict::kBackInTime) {
    log_warning(
        "{}: a watch event with resource version {} came after version {}; "
        "ignoring it and listing again",
        resource_path(), event.resource_version, resource_version_);
    return false;
  }
  has_bookmarks_ = has_bookmarks_ || event.type == WatchEvent::Type::kBookmark;
  frozen_ = 0;
  if (!event.resource_version.empty()) {
    resource_version_ = event.resource_version;
  }
  cluster_.apply(origin_, options_.kind, std::move(event));
  if (in_trouble_) succeeded();
  return true;
}

void Reflector::note_error(const WatchEvent& event) {
  error_event_ = event.status;
  if (error_event_.code == 0) error_event_.code = 500;
}

std::string Reflector::error_event_text() const {
  return "error event " + std::to_string(error_event_.code) + " " +
         shown(error_event_.message);
}

Reflector::Next Reflector::after_watch(const ApiReply& reply, bool fruitful) {
  if (wants_to_end()) return Next::kWatch;
  if (is_gone(reply.status) || is_gone(error_event_)) {
    log_info("{}: resource version {} is too old: listing again",
             resource_path(), resource_version_);
    cluster_.note_failure(options_.kind);
    // The list between two such watches succeeds, so failures_ does not grow.
    gone_ = fruitful ? 0 : gone_ + 1;
    if (gone_ > 0) pause_after(gone_, {});
    spread();
    return Next::kList;
  }
  if (error_event_.code != 0) {
    failed("watch: " + error_event_text());
    pause();
    return Next::kWatch;
  }
  if (is_back_in_time()) return after_back_in_time();
  if (verdict_ == ConsistencyCheck::Verdict::kDiffers) return Next::kList;
  const bool began = reply.end == End::kWhole || reply.end == End::kCut;
  if (began && fruitful) {
    gone_ = went_back_ = 0;
    succeeded();
    rest_after_short_watches();
    // Resume from the end of the watch without a pause.
    return reply.end == End::kWhole ? judge(consistency_.watched_to_the_end())
                                    : Next::kWatch;
  }
  if (began && failures_ == 0) {
    ++failures_;  // a restarting server fails once; not logged yet
  } else {
    failed("watch: " +
           (began ? std::string("it ends as soon as it begins") : reply.why));
  }
  pause(reply.retry_after);
  return Next::kWatch;
}

bool Reflector::is_back_in_time() const {
  return verdict_ == ConsistencyCheck::Verdict::kBackInTime;
}

// If a server's versions are unordered numbers, each event would cause a list.
// Therefore the pauses between lists grow.
Reflector::Next Reflector::after_back_in_time() {
  cluster_.note_back_in_time(options_.kind);
  if (went_back_++ > 0) pause_after(went_back_, {});
  spread();
  return Next::kList;
}

// If a server ends each watch after one or two events, watches would be
// requested thousands of times per second.
void Reflector::rest_after_short_watches() {
  if (short_watches_ <= kMaxShortWatches) return;
  if (short_watches_ == kMaxShortWatches + 1) {
    log_warning("{}: watches end as soon as they begin; asking less often",
                resource_path());
  }
  pause_after(short_watches_ - kMaxShortWatches, {});
}

// Called after look_at_clock() ended the watch.
Reflector::Next Reflector::after_silence(const ApiReply& reply) {
  if (wants_to_end()) return Next::kWatch;
  if (reply.status.code != 200) {
    failed("watch: no answer");
    pause();
    return Next::kWatch;
  }
  ++frozen_;
  cluster_.note_frozen(options_.kind);
  failed("watch: frozen, no event and no bookmark; listing again");
  spread();
  return Next::kList;
}

// --- consistency ----------------------------------------------------------

bool Reflector::is_list_due() const {
  return options_.clock() - listed_ > list_again_;
}

// Requests a list of one object to get the object count.  Errors are ignored
// here: the watch will fail in the same way and log the error.
Reflector::Next Reflector::check() {
  const ReflectorTimes& times = options_.times;
  if (options_.clock() - checked_ < times.check || differed_ >= kMaxDiffered) {
    return Next::kWatch;
  }
  checked_ = options_.clock();
  std::optional<ListEnvelope> list;
  std::uint64_t items = 0;
  ListDecoder decoder(kind_name(options_.kind), {[&](Decoded&&) {
                                                   ++items;
                                                   return true;
                                                 },
                                                 [&](ListEnvelope&& found) {
                                                   list = std::move(found);
                                                   return true;
                                                 }});
  const ApiReply reply =
      request({.path = resource_path() + "?limit=1" + selector(),
               .read_timeout = times.read_slack,
               .on_start = [&] { expect_within(times.read_slack); }},
              [&](std::string_view bytes) {
                return !wants_to_end() && decoder.feed(bytes);
              });
  if (reply.end != End::kWhole || !list) return Next::kWatch;
  return judge(consistency_.claims(*list, items));
}

Reflector::Next Reflector::judge(ConsistencyCheck::Verdict verdict) {
  using Verdict = ConsistencyCheck::Verdict;
  if (verdict == Verdict::kNone) return Next::kWatch;
  if (verdict == Verdict::kSame) {
    differed_ = 0;
    cluster_.note_check(options_.kind, true);
    return Next::kWatch;
  }
  cluster_.note_check(options_.kind, false);
  if (verdict == Verdict::kBackInTime) {
    log_warning(
        "{}: the API server's data is older than what the watch delivered "
        "(restored from a backup?); listing again",
        resource_path());
  } else {
    ++differed_;
    log_warning(
        "{}: the watch delivered {} objects but the API server reports {}; {}",
        resource_path(), consistency_.objects(), consistency_.claimed(),
        differed_ < kMaxDiffered ? "listing again"
                                 : "listing again, and no longer comparing");
  }
  spread();
  return Next::kList;
}

}  // namespace canopy::kube
