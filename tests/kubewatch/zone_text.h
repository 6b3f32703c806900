// Everything a ZoneStore has published, as sorted lines of text: for tests
// that hold one way to a state against another.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "zones/rrset.h"
#include "zones/zone_store.h"

namespace canopy {

inline void add_lines(const LabelTree& tree, const LabelTree::Node& node,
                      const Name& name, std::vector<std::string>& lines) {
  tree.for_each_rrset(node, [&](RrsetView rrset) {
    auto at = rrset.begin();
    for (std::uint32_t i = 0; i < rrset.count(); ++i, ++at) {
      const std::string times = at.contributions() == 1
                                    ? ""
                                    : " x" + std::to_string(at.contributions());
      lines.push_back(is_marker(rrset.type())
                          ? name.to_text() + " exists" + times
                          : to_text(name, rrset.type(), rrset.ttl(), *at) +
                                times);
    }
  });
  if (!node.has_children()) return;
  node.for_each_child([&](const LabelTree::Node& child) {
    add_lines(tree, child, *name.child(child.label()), lines);
  });
}

// "db.prod.svc.cluster.local. 30 IN A 10.0.0.7", " x2" behind it when two
// objects say so, and "prod.svc.cluster.local. exists".
inline std::vector<std::string> zone_lines(ZoneStore& store) {
  ZoneStore::Reader reader(store);
  std::vector<std::string> lines;
  for (const Zone& zone : reader.current().zones()) {
    add_lines(zone.tree(), zone.tree().root(), zone.apex(), lines);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

// The records of one owner, without owner and TTL: "A 10.0.0.7, SRV ...".
inline std::string records_of(ZoneStore& store, const std::string& owner) {
  std::string text;
  for (const std::string& line : zone_lines(store)) {
    if (!line.starts_with(owner + " ") || line.ends_with("exists")) continue;
    const std::size_t in = line.find(" IN ");
    text += (text.empty() ? "" : ", ") + line.substr(in + 4);
  }
  return text;
}

}  // namespace canopy
