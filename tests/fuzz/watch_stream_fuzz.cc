// Any bytes as a watch stream, as a list that is streamed or whole, and as
// YAML: nothing crashes, and whatever was understood leaves the zones of a
// cluster that was so from the start.
//
// The first octet says how the rest is cut into pieces and which options are
// on.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "healthz/log.h"
#include "kubewatch/api/initial_events.h"
#include "kubewatch/cluster/cluster_watch.h"
#include "kubewatch/decode/watch_decoder.h"
#include "kubewatch/manifests/yaml_to_json.h"
#include "tests/kubewatch/zone_text.h"

namespace {

using namespace canopy;
using namespace canopy::kube;

constexpr std::size_t kMaxInput = 64 << 10;

void hold(bool fact) {
  if (!fact) std::abort();
}

ClusterWatchOptions options_for(unsigned choice) {
  ClusterWatchOptions options;
  options.records.domain = *Name::from_text("cluster.local.");
  options.records.pods =
      choice & 1 ? PodRecords::kVerified : PodRecords::kInsecure;
  options.records.endpoint_pod_names = choice & 2;
  options.records.ignore_empty_service = choice & 4;
  options.implied_namespaces = choice & 8;
  if (choice & 16) {
    options.selection.namespace_labels = LabelSelector("!x", "labels");
  }
  return options;
}

struct Cluster {
  explicit Cluster(const ClusterWatchOptions& options)
      : zones(cluster_zones(options.records), 1), watch(options, zones) {}

  ZoneStore zones;
  ClusterWatch watch;
};

template <typename Feed>
void feed_in_pieces(std::string_view bytes, std::size_t piece,
                    const Feed& feed) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (!feed(bytes.substr(at, piece))) return;
  }
}

// What of the stream a list of its end would hold, in the order it came.
class Last {
 public:
  void note(const WatchEvent& event) {
    const auto* decoded = std::get_if<DecodedObject>(&event.object);
    if (decoded != nullptr && decoded->more.empty()) {
      const auto id =
          std::make_pair(kind_of(decoded->object), key_of(decoded->object));
      objects_.erase(id);
      if (event.type != WatchEvent::Type::kDeleted) {
        objects_.emplace(id, *decoded);
      }
    } else if (decoded != nullptr ||
               (std::holds_alternative<MalformedObject>(event.object) &&
                event.type == WatchEvent::Type::kDeleted)) {
      comparable_ = false;
    }
    // Of Endpoints and slices of one Service, which were there first counts.
    if (decoded != nullptr &&
        key_of(decoded->object).name.starts_with("endpoints/")) {
      comparable_ = false;
    }
  }

  bool comparable() const { return comparable_; }
  void list_into(ClusterWatch& watch) const {
    const Listing listing{watch.new_origin(), 0, {}};
    for (const auto& [id, object] : objects_) {
      watch.put(listing, DecodedObject(object));
    }
    watch.finish_all();
  }

 private:
  std::map<std::pair<ObjectKind, ObjectKey>, DecodedObject> objects_;
  bool comparable_ = true;
};

void run_watch(std::string_view bytes, std::size_t piece,
               const ClusterWatchOptions& options) {
  Cluster live(options);
  live.watch.finish_all();
  const Origin origin = live.watch.new_origin();
  Last last;
  WatchDecoder decoder(ObjectKind::kService, [&](WatchEvent&& event) {
    last.note(event);
    live.watch.apply(origin, ObjectKind::kService, std::move(event));
    return true;
  });
  feed_in_pieces(bytes, piece,
                 [&](std::string_view part) { return decoder.feed(part); });
  hold(live.zones.ignored_records() == 0);
  if (!last.comparable()) return;
  Cluster fresh(options);
  last.list_into(fresh.watch);
  hold(zone_lines(live.zones) == zone_lines(fresh.zones));

  // All of it gone again: nothing may be left behind.
  live.watch.sweep({live.watch.new_origin(), origin, {}});
  live.watch.finish_all();
  Cluster empty(options);
  empty.watch.finish_all();
  hold(zone_lines(live.zones) == zone_lines(empty.zones));
}

// Nothing is published before the end of a streamed list, and nothing is left
// of one that has no end.
void run_streamed_list(std::string_view bytes, std::size_t piece,
                       const ClusterWatchOptions& options) {
  Cluster live(options);
  live.watch.finish_all();
  const std::vector<std::string> before = zone_lines(live.zones);
  const Listing listing{live.watch.new_origin(), 0, {}};
  InitialEvents initial;
  Last last;
  WatchDecoder decoder(ObjectKind::kService, [&](WatchEvent&& event) {
    if (event.type == WatchEvent::Type::kError || !initial.take(event)) {
      return false;
    }
    if (initial.ended()) return false;
    last.note(event);
    live.watch.put_event(listing, std::move(event));
    return true;
  });
  feed_in_pieces(bytes, piece,
                 [&](std::string_view part) { return decoder.feed(part); });
  hold(zone_lines(live.zones) == before);
  if (!initial.ended()) {
    live.watch.abandon(listing);
    live.watch.finish_all();
    hold(zone_lines(live.zones) == before);
    return;
  }
  live.watch.finish(listing, ObjectKind::kService, "1");
  if (!last.comparable()) return;
  Cluster fresh(options);
  last.list_into(fresh.watch);
  hold(zone_lines(live.zones) == zone_lines(fresh.zones));
}

// However it is cut, a list is the same objects.
std::size_t objects_in_list(std::string_view bytes, std::size_t piece) {
  std::size_t objects = 0;
  ListDecoder decoder("EndpointSlice", {[&](Decoded&&) {
                                          ++objects;
                                          return true;
                                        },
                                        [](ListEnvelope&&) { return true; }});
  feed_in_pieces(bytes, piece,
                 [&](std::string_view part) { return decoder.feed(part); });
  return objects;
}

void run_yaml(std::string_view bytes) {
  const auto documents = yaml_to_json(std::string(bytes));
  const auto* whole = std::get_if<std::vector<YamlDocument>>(&documents);
  if (whole == nullptr) return;
  for (const YamlDocument& document : *whole) {
    objects_in_list(document.json, document.json.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const bool quiet = canopy::set_log_level("error");
  if (!quiet || size == 0 || size > kMaxInput) return 0;
  const unsigned choice = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1),
                               size - 1);
  const std::size_t piece = 1 + (choice >> 5) * 37;
  run_watch(bytes, piece, options_for(choice));
  run_streamed_list(bytes, piece, options_for(choice));
  hold(objects_in_list(bytes, piece) ==
       objects_in_list(bytes, std::max<std::size_t>(bytes.size(), 1)));
  if (choice % 4 == 0) run_yaml(bytes);
  return 0;
}
