#include "tests/support/cluster_zone.h"

#include <sstream>

#include "tests/support/message_text.h"
#include "tests/support/oracle.h"
#include "tests/support/query_message.h"
#include "zones/message_writer.h"
#include "zones/zone_delta.h"

namespace canopy::test {
namespace {

Zone zone_with_apex(ZoneStore& store, std::string_view apex) {
  ZoneStore::Reader reader(store);
  return *reader.current().closest_to(*Name::from_text(apex));
}

}  // namespace

std::unique_ptr<ZoneStore> cluster_store(std::string_view text,
                                         const RecordOptions& options) {
  auto store = std::make_unique<ZoneStore>(kube::cluster_zones(options), 1);
  store->edit({{}, records_of(cluster_objects(text), options)});
  store->complete();
  store->publish();
  return store;
}

Serial replace_cluster(ZoneStore& store, std::string_view before,
                       std::string_view after, const RecordOptions& options) {
  store.edit(difference(records_of(cluster_objects(before), options),
                        records_of(cluster_objects(after), options)));
  return store.publish();
}

Zone cluster_zone(std::string_view text, const RecordOptions& options) {
  return zone_with_apex(*cluster_store(text, options),
                        options.domain.to_text());
}

Zone reverse_zone(std::string_view text, const RecordOptions& options) {
  return zone_with_apex(*cluster_store(text, options), "in-addr.arpa");
}

Zone zone_of_records(std::string_view lines, std::string_view apex) {
  ZoneOptions options;
  options.apex = *Name::from_text(apex);
  options.primary = *Name::from_text("ns." + std::string(apex));
  options.responsible = *Name::from_text("host." + std::string(apex));
  ZoneStore store({options}, 1);
  ZoneDelta delta;
  std::istringstream stream{std::string(lines)};
  for (std::string line; std::getline(stream, line);) {
    const std::size_t first = line.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    delta.additions.push_back(record_from_text(line.substr(first)));
  }
  store.edit(delta);
  store.publish();
  return zone_with_apex(store, apex);
}

std::string ask(const Zone& zone, std::string_view question) {
  const Query query = query_from_text(question);
  Answer answer;
  zone.lookup(query.qname, query.qtype, answer);
  MessageWriter writer;
  return message_text(encode_answer(query, answer, 0, writer).message);
}

}  // namespace canopy::test
