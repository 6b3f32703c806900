#include "healthz/zone_page.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "healthz/json.h"
#include "zones/answer.h"
#include "zones/name.h"
#include "zones/rrset.h"

namespace canopy {
namespace {

using Node = LabelTree::Node;

// A piece is sent when it reaches this size.
constexpr std::size_t kPiece = 16384;

bool is_on_the_wire(RrType type) {
  return type != RrType::kName && type != RrType::kDashedAddresses;
}

// The text after "OWNER TTL IN TYPE ".  An owner in presentation form contains
// no spaces, because RFC 1035 5.1 escapes them.
std::string rdata_text(RrType type, std::span<const std::uint8_t> rdata) {
  const std::string line = to_text(Name(), type, 0, rdata);
  std::size_t start = 0;
  for (int field = 0; field < 4; ++field) start = line.find(' ', start) + 1;
  return line.substr(start);
}

std::vector<const Node*> children_of(const Node& node) {
  std::vector<const Node*> children;
  if (!node.has_children()) return children;
  node.for_each_child([&](const Node& child) { children.push_back(&child); });
  std::ranges::sort(children, {}, &Node::label);
  return children;
}

// Lists the trees of one snapshot in order, one piece of JSON at a time.
class ZoneListing {
 public:
  ZoneListing(ZoneStore& store, const Name& name)
      : reader_(store), zones_(reader_.current()), name_(name) {
    for (const Zone& zone : zones_.zones()) {
      if (zone.apex().view().is_subdomain_of(name)) {
        starts_.push_back(
            {zone.apex(), &zone.tree(), &zone.tree().root(), &zone});
      }
    }
    if (starts_.empty()) start_inside(name);
    page_.object().key("name").text(name.to_text());
    page_.key("serial").whole(zones_.serial());
    page_.key("complete").truth(zones_.is_complete());
    page_.key("records").array();
  }

  // False when the name is in no zone.
  bool is_ours() const {
    return !starts_.empty() || zones_.closest_to(name_) != nullptr;
  }

  // The next piece; empty at the end.
  std::string next_piece() {
    while (piece_.size() < kPiece && !done_) step();
    return std::exchange(piece_, {});
  }

 private:
  struct Start {
    Name name;
    const LabelTree* tree;
    const Node* node;
    const Zone* apex_of;  // null below an apex
  };
  // A node whose children are being listed.
  struct Level {
    Name name;
    std::vector<const Node*> children;
    std::size_t next = 0;
  };

  void start_inside(const Name& name) {
    const Zone* zone = zones_.closest_to(name);
    if (zone == nullptr) return;
    const Labels labels = name.view().labels();
    const Node* node = &zone->tree().root();
    for (std::size_t i = labels.size() - zone->apex().view().label_count();
         node != nullptr && i-- > 0;) {
      node = node->child(labels[i]);
    }
    if (node != nullptr)
      starts_.push_back({name, &zone->tree(), node, nullptr});
  }

  void step() {
    if (!levels_.empty()) return step_down();
    if (next_start_ < starts_.size()) {
      const Start& start = starts_[next_start_++];
      tree_ = start.tree;
      if (start.apex_of != nullptr) add_soa(*start.apex_of);
      return enter(start.name, *start.node);
    }
    page_.end_array().end_object();
    piece_ += '\n';
    done_ = true;
  }

  // The SOA is not in the tree, because it changes with each serial.
  void add_soa(const Zone& zone) {
    Answer answer;
    zone.lookup(zone.apex(), RrType::kSoa, answer);
    for (const Answer::Entry& entry : answer.entries) {
      if (entry.section == Section::kAnswer) {
        add_rrset(zone.apex(), entry.rrset);
      }
    }
  }

  void step_down() {
    Level& level = levels_.back();
    if (level.next == level.children.size()) return levels_.pop_back();
    const Node& child = *level.children[level.next++];
    if (const std::optional<Name> name = level.name.child(child.label())) {
      enter(*name, child);
    }
  }

  void enter(const Name& name, const Node& node) {
    tree_->for_each_rrset(node,
                          [&](RrsetView rrset) { add_rrset(name, rrset); });
    levels_.push_back({.name = name, .children = children_of(node)});
  }

  void add_rrset(const Name& owner, RrsetView rrset) {
    if (!is_on_the_wire(rrset.type())) return;
    const std::string name = owner.to_text();
    const std::string type = to_text(rrset.type());
    auto rdata = rrset.begin();
    for (std::size_t i = 0; i < rrset.count(); ++i, ++rdata) {
      record_ = "\n";  // a line for each
      json::Writer record(record_);
      record.object().key("name").text(name).key("type").text(type);
      record.key("ttl").whole(rrset.ttl());
      record.key("data").text(rdata_text(rrset.type(), *rdata)).end_object();
      page_.raw(record_);
    }
  }

  ZoneStore::Reader reader_;  // holds the snapshot: current() is called once
  const ZoneSet& zones_;
  const Name name_;
  std::vector<Start> starts_;
  std::size_t next_start_ = 0;
  const LabelTree* tree_ = nullptr;  // the tree being listed
  std::vector<Level> levels_;
  std::string piece_;
  json::Writer page_{piece_};
  std::string record_;  // memory for add_rrset()
  bool done_ = false;
};

HttpResponse refusal(unsigned status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(text);
  return response;
}

HttpResponse zone_page(ZoneStore& store, const HttpRequest& request) {
  const auto parameter = request.parameters.find("name");
  const std::string text =
      parameter == request.parameters.end() ? "." : parameter->second;
  const std::optional<Name> name = Name::from_text(text);
  if (!name) return refusal(400, "name: not a domain name\n");
  const auto listing = std::make_shared<ZoneListing>(store, *name);
  if (!listing->is_ours()) {
    return refusal(
        404, "name: not in a zone of this server; omit it to see all zones\n");
  }
  HttpResponse response;
  response.content_type = "application/json";
  response.next_piece = [listing] { return listing->next_piece(); };
  return response;
}

}  // namespace

void add_zone_page(HttpRoutes& routes, ZoneStore& store,
                   ZonePageAccess access) {
  const auto page = [&store, access](const HttpRequest& request) {
    if (access == ZonePageAccess::kLoopback && !request.from_loopback) {
      return refusal(
          403,
          "/debug/zone is served on loopback only, for a Host of localhost or "
          "a loopback address; --debug-remote opens it to others\n");
    }
    return zone_page(store, request);
  };
  routes.add("/debug/zone", page, HttpWork::kStreamed);
}

}  // namespace canopy
