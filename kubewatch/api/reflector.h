// Keeps ClusterWatch in sync with one resource of the API server: a list, then
// a watch from the list's resource version, without end.  If the API server
// streams lists, the list is the first events of that watch (initial_events.h);
// otherwise it comes in pages.  A watch that is cut resumes at the last
// resource version.
//
// A new list replaces the objects one by one.  It is made in these cases: after
// a 410 (too old); after a watch that is silent for too long; when the API
// server's object count differs from the watch's, or when an event is older
// than the one before it (consistency_check.h); and every hour or two.
//
// Threads: any thread may call start, stop, reload and look_at_clock.  A thread
// of its own waits for the API server.
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
  std::chrono::seconds watch{300};  // minimum; at most twice this
  // The time for a reply to begin, and for one event to arrive completely.
  std::chrono::seconds read_slack{30};
  // The lowest average rate of a list or a page, in octets per second.
  std::int64_t least_rate = 4096;
  // How long an API server that does not stream lists is asked for pages.
  std::chrono::seconds stream_again{600};
  // A watch without an event or a bookmark for this long is frozen: API servers
  // send a bookmark each minute.  Applies only after the first bookmark;
  // doubled each time a watch freezes.
  std::chrono::seconds silence{150};
  std::chrono::seconds check{300};    // minimum between consistency checks
  std::chrono::seconds relist{3600};  // minimum; at most twice this
  // Lists that many servers would make at the same time are spread over this.
  std::chrono::milliseconds relist_spread{1'000};
  std::chrono::milliseconds first_pause{100};  // before a retry
  std::chrono::milliseconds longest_pause{10'000};
  // A watch that ends sooner without a change counts as a failure.
  std::chrono::milliseconds shortest_watch{1'000};
};

struct ReflectorOptions {
  ObjectKind kind = ObjectKind::kService;
  std::size_t page_size = 500;
  ReflectorTimes times;
  // Returns a number from 0 up to 1, to spread simultaneous actions of many
  // servers.
  std::function<double()> random;
  std::function<std::chrono::steady_clock::time_point()> clock =
      std::chrono::steady_clock::now;
  // Called instead of waiting before a retry or a rest; empty: wait.
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
  // Asks the thread to end; stop() also waits for its end.
  void begin_stop();
  void stop();
  // Makes a new list soon.
  void reload();
  // Ends a request that is overdue.  Call about every second.
  void look_at_clock();

 private:
  enum class Next { kWatch, kList };
  using Time = std::chrono::steady_clock::time_point;

  // A list that consists of a watch's first events, up to the end of the list.
  struct StreamedList {
    Listing listing;
    InitialEvents events;
  };
  // A watch, from its request on.
  struct Stream {
    std::chrono::seconds duration{};   // requested
    std::optional<StreamedList> list;  // nothing: the events are changes
    Time start{};  // start of the request, or of the changes
    std::int64_t octets = 0;
    std::size_t events = 0;
    bool fruitful = false;  // delivered a change
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
  // True when the last event was older than the one before it.
  bool is_back_in_time() const;
  Next after_back_in_time();
  Next after_silence(const ApiReply& reply);
  std::chrono::seconds allowed_silence(std::chrono::seconds watch) const;
  // expect_within() sets the deadline for data; expect_nothing() removes it.
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

  std::mutex mutex_;  // guards the three flags below
  std::condition_variable wake_;
  bool stopping_ = false;
  bool ended_ = true;
  bool reload_wanted_ = false;

  // The time at which the request in flight is given up, in the clock's ticks,
  // and whether it was given up.
  std::atomic<Time::rep> deadline_;
  std::atomic<bool> overdue_ = false;
  std::atomic<Time::rep> watching_since_;
  std::atomic<bool> in_trouble_ = false;       // the log has a line about it
  std::atomic<std::size_t> failures_told_{0};  // since that line

  // Used by the thread only.
  Origin origin_ = 0;
  std::string resource_version_;
  ApiStatus error_event_;  // the error that ended the watch; code 0: none
  Time rested_{};
  std::set<std::string> troubles_;  // logged since the last success
  std::size_t failures_ = 0;
  Time pages_until_{};              // lists are made in pages until then
  bool told_of_pages_ = false;      // logged already
  std::size_t broken_streams_ = 0;  // failed streamed lists in a row
  ConsistencyCheck consistency_;
  ConsistencyCheck::Verdict verdict_ = ConsistencyCheck::Verdict::kNone;
  std::size_t differed_ = 0;  // differing checks in a row
  bool has_bookmarks_ = false;
  // The numbers of watches in a row that froze, that got 410 before any change,
  // that went back in time, and that ended early.
  std::size_t frozen_ = 0;
  std::size_t gone_ = 0;
  std::size_t went_back_ = 0;
  std::size_t short_watches_ = 0;
  Time listed_{};
  std::chrono::nanoseconds list_again_{};  // time until the next list
  Time checked_{};
};

}  // namespace canopy::kube
