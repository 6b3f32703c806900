#include "kubewatch/reflector.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "healthz/guarded.h"
#include "healthz/log.h"
#include "kubewatch/watch_decoder.h"

namespace canopy::kube {

namespace {

using End = ApiReply::End;

constexpr auto kNever =
    std::numeric_limits<std::chrono::steady_clock::rep>::max();
// Reasons told while one trouble lasts; what comes after them is counted.
constexpr std::size_t kMaxTroubles = 4;
constexpr std::chrono::milliseconds kStopAgain{20};

const char* path_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kNamespace:
      return "/api/v1/namespaces";
    case ObjectKind::kService:
      return "/api/v1/services";
    case ObjectKind::kEndpointSlice:
      return "/apis/discovery.k8s.io/v1/endpointslices";
    case ObjectKind::kPod:
      return "/api/v1/pods";
  }
  return "";
}

// RFC 3986 2.1: all but the unreserved.
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

Reflector::Reflector(ReflectorOptions options, Credentials& credentials,
                     ClusterWatch& cluster)
    : options_(std::move(options)),
      cluster_(cluster),
      client_(credentials),
      deadline_(kNever),
      watching_since_(kNever) {}

Reflector::~Reflector() { stop(); }

void Reflector::start() {
  ended_ = false;
  thread_ = std::thread([this] {
    run();
    const std::lock_guard lock(mutex_);
    ended_ = true;
    wake_.notify_all();
  });
}

void Reflector::begin_stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  client_.stop();
}

void Reflector::stop() {
  begin_stop();
  if (!thread_.joinable()) return;
  // A request that was about to start did not see the first stop.
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, kStopAgain, [&] { return ended_; })) break;
    }
    client_.stop();
  }
  thread_.join();
}

void Reflector::reload() {
  {
    const std::lock_guard lock(mutex_);
    reload_wanted_ = true;
    wake_.notify_all();
  }
  client_.stop();
}

bool Reflector::wants_to_end() {
  const std::lock_guard lock(mutex_);
  return stopping_ || reload_wanted_;
}

void Reflector::look_at_clock() {
  const Time::rep now = options_.clock().time_since_epoch().count();
  const Time::rep shortest =
      Time::duration(options_.times.shortest_watch).count();
  if (now > deadline_) {
    overdue_ = true;
    client_.stop();
  } else if (watching_since_ != kNever && now - shortest > watching_since_) {
    watching_since_ = kNever;
    is_well();  // although nothing may come for a minute
  }
}

void Reflector::expect_within(std::chrono::nanoseconds time) {
  deadline_ = (options_.clock() + time).time_since_epoch().count();
}

void Reflector::expect_nothing() {
  deadline_ = kNever;
  watching_since_ = kNever;
}

void Reflector::run() {
  Next next = Next::kList;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (std::exchange(reload_wanted_, false)) next = Next::kList;
    }
    if (next == Next::kWatch && is_list_due()) next = Next::kList;
    if (next == Next::kWatch) next = check();
    if (wants_to_end()) continue;
    const bool done = guarded(
        "reflector", [&] { next = next == Next::kList ? list() : watch(); });
    if (done) continue;
    next = Next::kList;
    pause();
  }
}

// --- list -----------------------------------------------------------------

std::string Reflector::resource_path() const { return path_of(options_.kind); }

std::string Reflector::selector() const {
  // Namespaces are judged here: their labels decide, not these.
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

std::string Reflector::watch_path(std::chrono::seconds duration) const {
  return resource_path() +
         "?watch=1&allowWatchBookmarks=true&resourceVersion=" +
         percent_encoded(resource_version_) +
         "&timeoutSeconds=" + std::to_string(duration.count()) + selector();
}

Reflector::Next Reflector::list() {
  const Listing listing{cluster_.new_origin(), origin_, {}};
  ListEnvelope envelope;
  ListProgress progress;
  do {
    rest_after_empty(progress.empty_pages());
    const ApiReply reply = list_page(listing, envelope, progress);
    if (reply.end != End::kWhole) {
      cluster_.abandon(listing);
      // The pages' snapshot was compacted away: from the first one again.
      if (reply.end != End::kStopped) failed("list: " + reply.why);
      if (!wants_to_end()) pause(reply.retry_after);
      return Next::kList;
    }
  } while (!envelope.continue_token.empty());
  origin_ = listing.origin;
  resource_version_ = envelope.resource_version;
  consistency_.listed(progress.objects(), resource_version_);
  listed_ = checked_ = options_.clock();
  list_again_ = std::chrono::duration_cast<std::chrono::nanoseconds>(
      options_.times.relist * (1 + options_.random()));
  cluster_.finish(listing, options_.kind, resource_version_);
  succeeded();
  return Next::kWatch;
}

// A reply that is not whole and a list is not End::kWhole.
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
  ApiReply reply =
      request({.path = path,
               .read_timeout = times.read_slack,
               .compressed = true,
               .on_start =
                   [&] {
                     start = options_.clock();
                     expect_within(times.read_slack);
                   }},
              [&](std::string_view bytes) {
                octets += static_cast<std::int64_t>(bytes.size());
                expect_within(start - options_.clock() + times.read_slack +
                              std::chrono::seconds(octets / times.least_rate));
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
    reply.why = "the list does not come to an end: " + progress.why();
  }
  return reply;
}

ApiReply Reflector::request(const ApiRequest& request,
                            const ApiClient::Receiver& receive) {
  overdue_ = false;
  ApiReply reply = client_.get(request, receive);
  expect_nothing();
  return reply;
}

void Reflector::put(const Listing& listing, Decoded&& decoded) {
  if (auto* object = std::get_if<DecodedObject>(&decoded)) {
    cluster_.put(listing, std::move(*object));
  } else if (const auto* bad = std::get_if<MalformedObject>(&decoded)) {
    cluster_.keep(listing, *bad);
  }
}

// A list is much work at a stretch, and a thread that answers may have to share
// its core: with fair shares a question would wait for milliseconds.  A first
// list need not rest, for little can be answered before its end.
void Reflector::rest_now_and_then() {
  constexpr std::chrono::microseconds kWork{300};
  constexpr std::chrono::microseconds kRest{50};
  if (origin_ == 0 || options_.clock() - rested_ < kWork) return;
  wait(kRest);
  rested_ = options_.clock();
}

// --- trying again ---------------------------------------------------------

// One line when the trouble begins, and for another reason one more: reasons
// that take turns are not said again and again.
void Reflector::failed(const std::string& why) {
  cluster_.note_failure(options_.kind);
  ++failures_;
  ++failures_told_;
  if (!in_trouble_.exchange(true)) troubles_.clear();
  if (troubles_.size() >= kMaxTroubles || !troubles_.insert(why).second) return;
  log_warning("{}: {}; trying again", resource_path(), why);
}

void Reflector::succeeded() {
  failures_ = 0;
  is_well();
}

void Reflector::is_well() {
  cluster_.note_contact(options_.kind);
  const std::size_t failures = failures_told_.exchange(0);
  if (in_trouble_.exchange(false)) {
    log_info("{}: well again, after {} failures", resource_path(), failures);
  }
}

void Reflector::pause(std::chrono::milliseconds at_least) {
  pause_after(failures_, at_least);
}

// Doubled with each failure.
void Reflector::pause_after(std::size_t failures,
                            std::chrono::milliseconds at_least) {
  const ReflectorTimes& times = options_.times;
  const std::size_t doublings =
      std::min<std::size_t>(failures > 0 ? failures - 1 : 0, 16);
  const auto longest =
      std::min(times.longest_pause, times.first_pause * (1 << doublings));
  const double random = options_.random();
  const auto length =
      std::max(longest * (0.5 + random / 2), at_least * (1 + random / 2));
  wait(std::chrono::duration_cast<std::chrono::microseconds>(length));
}

// Pages without items may come, but not as fast as they can be asked for.
void Reflector::rest_after_empty(std::size_t pages) {
  if (pages == 0) return;
  const ReflectorTimes& times = options_.times;
  wait(std::min(times.longest_pause, times.first_pause * (1 << (pages - 1))));
}

// Every server is told the same at the same time.
void Reflector::spread() {
  wait(std::chrono::duration_cast<std::chrono::microseconds>(
      options_.times.relist_spread * options_.random()));
}

void Reflector::wait(std::chrono::microseconds length) {
  if (options_.wait) return options_.wait(length);
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, length, [&] { return stopping_ || reload_wanted_; });
}

}  // namespace canopy::kube
