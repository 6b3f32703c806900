// Keeps ClusterWatch like one resource of the API server: a list, then a watch
// from there on, for ever.  The list is the first events of that watch where
// the API server streams lists (initial_events.h); elsewhere it comes in pages.
// A watch that is cut resumes at the last resource version.
// A new list, in which objects are replaced one by one, is made after a 410
// (too old), after a watch that says nothing any more, when the API server has
// another number of objects than it told us of or an event is older than the
// one before it (consistency_check.h), and every hour or two.
//
// Threads: start, stop, reload and look_at_clock from any thread; one of its
// own waits on the API server.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "kubewatch/api/api_client.h"
#include "kubewatch/api/initial_events.h"
#include "kubewatch/api/list_progress.h"
#include "kubewatch/cluster/cluster_watch.h"
#include "kubewatch/cluster/consistency_check.h"

namespace canopy::kube {

class WatchDecoder;

struct ReflectorTimes {
  std::chrono::seconds watch{300};  // at least; up to twice as long
  // For an answer to begin, and for one event to come in whole.
  std::chrono::seconds read_slack{30};
  // A list, or a page of one, must on average come at this rate, octets a
  // second.
  std::int64_t least_rate = 4096;
  // An API server that does not stream lists is asked for pages this long.
  std::chrono::seconds stream_again{600};
  // Without an event or a bookmark a watch is frozen: API servers send a
  // bookmark a minute.  Only once one was seen; doubled each time it happens.
  std::chrono::seconds silence{150};
  std::chrono::seconds check{300};    // between consistency checks, at least
  std::chrono::seconds relist{3600};  // at least; up to twice as long
  // Lists that many servers make at the same time are spread over this.
  std::chrono::milliseconds relist_spread{1'000};
  std::chrono::milliseconds first_pause{100};  // before trying again
  std::chrono::milliseconds longest_pause{10'000};
  // A watch that ends sooner and brought nothing counts as a failure.
  std::chrono::milliseconds shortest_watch{1'000};
};

struct ReflectorOptions {
  ObjectKind kind = ObjectKind::kService;
  std::size_t page_size = 500;
  ReflectorTimes times;
  // From 0 up to 1: spreads what many servers do at the same time.
  std::function<double()> random;
  std::function<std::chrono::steady_clock::time_point()> clock =
      std::chrono::steady_clock::now;
  // In the place of waiting before trying again, or resting; empty: wait.
  std::function<void(std::chrono::microseconds)> wait = {};
};

class Reflector {
 public:
  Reflector(ReflectorOptions options, Credentials& credentials,
            ClusterWatch& cluster);
  ~Reflector();
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

  void start();
  // Asks the thread to end; stop() waits for it too.
  void begin_stop();
  void stop();
  // A new list, soon.
  void reload();
  // To be called about every second: a request that should have come to
  // something by now is ended.
  void look_at_clock();

 private:
  enum class Next { kWatch, kList };
  using Time = std::chrono::steady_clock::time_point;

  // A list that is a watch's first events, up to its end.
  struct StreamedList {
    Listing listing;
    InitialEvents events;
  };
  // A watch, from its request on.
  struct Stream {
    std::chrono::seconds duration{};   // asked for
    std::optional<StreamedList> list;  // none: its events are changes
    Time start{};                      // of the request, or of the changes
    std::int64_t octets = 0;
    std::size_t events = 0;
    bool fruitful = false;  // a change came
  };

  void run();
  bool wants_to_end();
  Next list();
  Next list_in_pages();
  ApiReply list_page(const Listing& listing, ListEnvelope& envelope,
                     ListProgress& progress);
  void finish_list(const Listing& listing, std::uint64_t objects,
                   const std::string& resource_version);
  void expect_rest_of_list(Time start, std::int64_t octets);
  Next list_in_stream();
  bool take_initial(Stream& stream, WatchEvent&& event);
  void begin_watch(Stream& stream);
  Next after_broken_stream(const StreamedList& list, const ApiReply& reply);
  std::string why_broken(const StreamedList& list, const ApiReply& reply) const;
  bool is_no_streamed_list(const StreamedList& list,
                           const ApiReply& reply) const;
  void list_in_pages_for_now(const std::string& why);
  ApiReply request(const ApiRequest& request,
                   const ApiClient::Receiver& receive);
  void put(const Listing& listing, Decoded&& decoded);
  void rest_now_and_then();
  bool is_list_due() const;
  Next check();
  Next judge(ConsistencyCheck::Verdict verdict);
  Next watch();
  Next follow(Stream& stream, const std::string& path);
  bool receive(Stream& stream, WatchDecoder& decoder, std::string_view bytes);
  void begin_reply(Stream& stream);
  bool take_event(Stream& stream, WatchEvent&& event);
  std::chrono::seconds watch_duration() const;
  Next after_watch(const ApiReply& reply, bool fruitful);
  // The last event was older than those before it.
  bool is_back_in_time() const;
  Next after_back_in_time();
  Next after_silence(const ApiReply& reply);
  std::chrono::seconds allowed_silence(std::chrono::seconds watch) const;
  // The longest time from now until something must have come; and no bound.
  void expect_within(std::chrono::nanoseconds time);
  void expect_nothing();
  bool take(WatchEvent&& event);
  void note_error(const WatchEvent& event);
  std::string error_event_text() const;
  std::string resource_path() const;
  std::string list_path(const std::string& continue_token) const;
  std::string stream_path(std::chrono::seconds duration) const;
  std::string watch_path(std::chrono::seconds duration) const;
  std::string selector() const;

  void failed(const std::string& why);
  void succeeded();
  void is_well();
  void pause(std::chrono::milliseconds at_least = {});
  void pause_after(std::size_t failures, std::chrono::milliseconds at_least);
  void rest_after_empty(std::size_t pages);
  void rest_after_short_watches();
  void spread();
  void wait(std::chrono::microseconds length);

  const ReflectorOptions options_;
  ClusterWatch& cluster_;
  ApiClient client_;
  std::thread thread_;

  std::mutex mutex_;  // guards the three below
  std::condition_variable wake_;
  bool stopping_ = false;
  bool ended_ = true;
  bool reload_wanted_ = false;

  // When the request in flight is given up, in the clock's ticks, and whether
  // it was.
  std::atomic<Time::rep> deadline_;
  std::atomic<bool> overdue_ = false;
  std::atomic<Time::rep> watching_since_;
  std::atomic<bool> in_trouble_ = false;       // the log said so
  std::atomic<std::size_t> failures_told_{0};  // since then

  // The thread's own.
  Origin origin_ = 0;
  std::string resource_version_;
  ApiStatus error_event_;  // what ended the watch, code 0: nothing did
  Time rested_{};
  std::set<std::string> troubles_;  // what the log said since all was well
  std::size_t failures_ = 0;
  Time pages_until_{};              // lists come in pages
  bool told_of_pages_ = false;      // in the log
  std::size_t broken_streams_ = 0;  // in a row, streamed lists that failed
  ConsistencyCheck consistency_;
  ConsistencyCheck::Verdict verdict_ = ConsistencyCheck::Verdict::kNone;
  std::size_t differed_ = 0;  // checks in a row
  bool has_bookmarks_ = false;
  // Watches in a row: that froze, that were told 410 before they brought
  // anything, that went back in time, and that did not last.
  std::size_t frozen_ = 0;
  std::size_t gone_ = 0;
  std::size_t went_back_ = 0;
  std::size_t short_watches_ = 0;
  Time listed_{};
  std::chrono::nanoseconds list_again_{};  // after so long
  Time checked_{};
};

}  // namespace canopy::kube
