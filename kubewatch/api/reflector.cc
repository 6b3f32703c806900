#include "kubewatch/api/reflector.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "healthz/guarded.h"
#include "healthz/log.h"

namespace canopy::kube {

namespace {

constexpr auto kNever =
    std::numeric_limits<std::chrono::steady_clock::rep>::max();
// The most reasons logged during one outage; further ones are only counted.
constexpr std::size_t kMaxTroubles = 4;
constexpr std::chrono::milliseconds kStopAgain{20};

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
  // Repeat the stop: a request that was just starting may have missed it.
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
  // A request that was just starting may have missed reload()'s stop.
  if (wants_to_end()) client_.stop();
  const Time::rep now = options_.clock().time_since_epoch().count();
  const Time::rep shortest =
      Time::duration(options_.times.shortest_watch).count();
  if (now > deadline_) {
    overdue_ = true;
    client_.stop();
  } else if (watching_since_ != kNever && now - shortest > watching_since_) {
    watching_since_ = kNever;
    is_well();  // a watch may be silent for a minute
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

ApiReply Reflector::request(const ApiRequest& request,
                            const ApiClient::Receiver& receive) {
  overdue_ = false;
  ApiReply reply = client_.get(request, receive);
  expect_nothing();
  return reply;
}

// --- retries --------------------------------------------------------------

// Logs one line when an outage begins, and one for each new reason.
// Alternating reasons are not logged again and again.
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
    log_info("{}: recovered after {} failures", resource_path(), failures);
  }
}

void Reflector::pause(std::chrono::milliseconds at_least) {
  pause_after(failures_, at_least);
}

// The pause doubles with each failure.
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

// Empty pages are allowed, but must not be requested at full speed.
void Reflector::rest_after_empty(std::size_t pages) {
  if (pages == 0) return;
  const ReflectorTimes& times = options_.times;
  wait(std::min(times.longest_pause, times.first_pause * (1 << (pages - 1))));
}

// All replicas notice a change at the same moment.  A random wait keeps them
// from listing at the same time.
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
