#include "zones/label_tree.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

#include "zones/rrset.h"

using namespace canopy;

namespace {

using Kind = LabelTree::Change::Kind;

// What a tree should hold: names, and records with how often they were added.
class Model {
 public:
  struct Key {
    std::string owner;  // folded text
    std::uint16_t type;
    Octets rdata;
    auto operator<=>(const Key&) const = default;
  };

  void add(const Key& key) { ++records_[key]; }
  bool remove(const Key& key) {
    const auto found = records_.find(key);
    if (found == records_.end()) return false;
    if (--found->second == 0) records_.erase(found);
    return true;
  }
  std::size_t record_count() const { return records_.size(); }
  const std::map<Key, int>& records() const { return records_; }

  // Owners and all that is above them, the root too.
  std::set<std::string> names() const {
    std::set<std::string> names{""};
    for (const auto& [key, count] : records_) {
      std::string_view rest = key.owner;
      while (!rest.empty()) {
        names.emplace(rest);
        rest.remove_prefix(rest.find('.') + 1);
      }
    }
    return names;
  }

 private:
  std::map<Key, int> records_;
};

std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += static_cast<char>(fold(static_cast<std::uint8_t>(c)));
  }
  return out;
}

// Everything a tree says, by walking it.
void walk(const LabelTree& tree, const LabelTree::Node& node,
          const std::string& name, std::set<Model::Key>& records,
          std::set<std::string>& names) {
  CHECK(names.insert(name).second);
  const LabelTree::Node* self = &node;
  CHECK((self->has_records() || self->has_children() || name.empty()));
  tree.for_each_rrset(node, [&](RrsetView rrset) {
    CHECK(rrset.count() > 0);
    CHECK(tree.rrset(node, rrset.type()).has_value());
    auto rdata = rrset.begin();
    for (unsigned i = 0; i < rrset.count(); ++i, ++rdata) {
      CHECK(records
                .insert({name, static_cast<std::uint16_t>(rrset.type()),
                         Octets((*rdata).begin(), (*rdata).end())})
                .second);
    }
  });
  node.for_each_child([&](const LabelTree::Node& child) {
    CHECK(node.child(child.label()) == &child);
    walk(tree, child, folded(child.label()) + '.' + name, records, names);
  });
}

void check_same(const LabelTree& tree, const Model& model) {
  std::set<Model::Key> records;
  std::set<std::string> names;
  walk(tree, tree.root(), "", records, names);
  CHECK(names == model.names());
  CHECK(names.size() == tree.name_count());
  CHECK(records.size() == model.record_count());
  CHECK(records.size() == tree.record_count());
  for (const auto& [key, count] : model.records()) {
    CHECK(records.contains(key));
  }
}

std::size_t change(LabelTree& tree, std::string_view owner, Kind kind,
                   RrType type, const Octets& rdata, std::uint32_t ttl = 30) {
  const Name name = Name::from_text(owner).value();
  const LabelTree::Change one{kind, type, ttl, rdata};
  const Labels labels = name.view().labels();
  return tree.change(labels, labels.size(), {&one, 1});
}

const LabelTree::Node* find(const LabelTree& tree, std::string_view owner) {
  const Name name = Name::from_text(owner).value();
  const Labels labels = name.view().labels();
  const LabelTree::Node* node = &tree.root();
  for (std::size_t i = labels.size(); i > 0 && node != nullptr; --i) {
    node = node->child(labels[i - 1]);
  }
  return node;
}

// Few labels, so that names meet; of every case.
std::string random_owner(std::mt19937& random, unsigned labels) {
  std::string owner;
  for (unsigned depth = 1 + random() % 4; depth > 0; --depth) {
    const unsigned label = random() % labels;
    owner += (random() % 2 != 0 ? "svc" : "SVC") + std::to_string(label) + '.';
  }
  return owner;
}

const Name kSuffix = Name::from_text("svc.cluster.local").value();

// A type and rdata for it: addresses, and names that end in the suffix of a
// tree, in another case of it, elsewhere, or in what only looks like it.
std::pair<RrType, Octets> random_record(std::mt19937& random) {
  constexpr std::string_view kEnds[] = {"svc.cluster.local",
                                        "SVC.cluster.local", "example.com",
                                        "xsvc.cluster.local"};
  const RrType types[] = {RrType::kA, RrType::kTxt, RrType::kPtr, RrType::kSrv};
  const RrType type = types[random() % 4];
  if (type == RrType::kA || type == RrType::kTxt) {
    return {type,
            Octets(random() % 4, static_cast<std::uint8_t>(random() % 4))};
  }
  std::string text(kEnds[random() % 4]);
  if (random() % 3 != 0) text = std::to_string(random() % 3) + '.' + text;
  const Name target = Name::from_text(text).value();
  if (type == RrType::kPtr) {
    return {type, name_record({}, type, 0, target).rdata};
  }
  return {type, srv_record({}, 0, {0, 1, 80}, target).rdata};
}

// One random change to both; removals hit and miss.
void change_both(std::mt19937& random, unsigned labels, LabelTree& tree,
                 Model& model) {
  const std::string owner = random_owner(random, labels);
  const auto [type, rdata] = random_record(random);
  const Model::Key key{folded(owner), static_cast<std::uint16_t>(type), rdata};
  if (random() % 5 < 2) {
    model.add(key);
    CHECK(change(tree, owner, Kind::kAdd, type, rdata) == 0);
  } else {
    const bool was_there = model.remove(key);
    CHECK(change(tree, owner, Kind::kRemove, type, rdata) ==
          (was_there ? 0 : 1));
  }
}

}  // namespace

TEST_CASE("a tree does what a map does, and its snapshots never change") {
  struct Snapshot {
    LabelTree tree;
    Model model;
  };
  for (const unsigned labels : {2U, 8U, 64U}) {
    std::mt19937 random(labels);
    LabelTree tree(labels == 2 ? Name() : kSuffix);
    Model model;
    std::vector<Snapshot> snapshots;
    for (int i = 0; i < 4000; ++i) {
      change_both(random, labels, tree, model);
      if (i % 200 == 0) snapshots.push_back({tree, model});
      if (i % 500 == 0) check_same(tree, model);
      // Snapshots go in another order than they came.
      if (i % 900 == 899) {
        snapshots.erase(snapshots.begin() + static_cast<std::ptrdiff_t>(
                                                random() % snapshots.size()));
      }
    }
    check_same(tree, model);
    for (const Snapshot& snapshot : snapshots) {
      check_same(snapshot.tree, snapshot.model);
    }
  }
}

TEST_CASE("the end of a target that the whole tree shares is stored once") {
  const Name target = Name::from_text("db.prod.svc.cluster.local").value();
  const Octets rdata = srv_record({}, 0, {0, 1, 80}, target).rdata;
  LabelTree plain;
  LabelTree sharing(kSuffix);
  change(plain, "a", Kind::kAdd, RrType::kSrv, rdata);
  change(sharing, "a", Kind::kAdd, RrType::kSrv, rdata);
  CHECK(sharing.octets() == plain.octets() - kSuffix.size());
  const auto rrset = sharing.rrset(*find(sharing, "a"), RrType::kSrv);
  REQUIRE(rrset);
  const auto record = rrset->begin();
  CHECK(std::ranges::equal(*record, rdata));
  CHECK(change(sharing, "a", Kind::kRemove, RrType::kSrv, rdata) == 0);
}

TEST_CASE("a tree that is emptied is as it was at first") {
  LabelTree tree;
  const std::size_t octets = tree.octets();
  const Octets rdata{1, 2, 3, 4};
  constexpr int kNames = 20000;
  const auto owner = [](int i) {
    return "svc-" + std::to_string(i) + ".ns" + std::to_string(i % 100);
  };
  for (int i = 0; i < kNames; ++i) {
    change(tree, owner(i), Kind::kAdd, RrType::kA, rdata);
  }
  CHECK(tree.record_count() == kNames);
  CHECK(tree.name_count() == 1 + 100 + kNames);
  CHECK(tree.octets() > octets);
  for (int i = 0; i < kNames; ++i) {
    REQUIRE(find(tree, owner(i)) != nullptr);
  }
  CHECK(find(tree, "svc-1.ns2") == nullptr);
  const LabelTree full = tree;
  for (int i = kNames; i-- > 0;) {
    CHECK(change(tree, owner(i), Kind::kRemove, RrType::kA, rdata) == 0);
  }
  CHECK(tree.record_count() == 0);
  CHECK(tree.name_count() == 1);
  CHECK(tree.octets() == octets);
  CHECK_FALSE(tree.root().has_children());
  for (int i = 0; i < kNames; ++i) {
    REQUIRE(find(full, owner(i)) != nullptr);
  }
}

TEST_CASE("a record added twice goes when it was removed twice") {
  LabelTree tree;
  const Octets rdata{1};
  change(tree, "a", Kind::kAdd, RrType::kPtr, rdata);
  change(tree, "A", Kind::kAdd, RrType::kPtr, rdata);
  CHECK(tree.record_count() == 1);
  CHECK(tree.rrset(*find(tree, "a"), RrType::kPtr)->count() == 1);
  CHECK(change(tree, "a", Kind::kRemove, RrType::kPtr, rdata) == 0);
  CHECK(find(tree, "a") != nullptr);
  CHECK(change(tree, "a", Kind::kRemove, RrType::kPtr, rdata) == 0);
  CHECK(find(tree, "a") == nullptr);
  CHECK(change(tree, "a", Kind::kRemove, RrType::kPtr, rdata) == 1);
}

TEST_CASE("a removal that finds nothing leaves no trace") {
  LabelTree tree;
  change(tree, "a.b", Kind::kAdd, RrType::kA, {1});
  const std::size_t octets = tree.octets();
  CHECK(change(tree, "x.a.b", Kind::kRemove, RrType::kA, {1}) == 1);
  CHECK(change(tree, "y.z", Kind::kRemove, RrType::kA, {1}) == 1);
  CHECK(change(tree, "a.b", Kind::kRemove, RrType::kA, {2}) == 1);
  CHECK(change(tree, "a.b", Kind::kRemove, RrType::kAaaa, {1}) == 1);
  CHECK(change(tree, "b", Kind::kRemove, RrType::kA, {1}) == 1);
  CHECK(tree.name_count() == 3);
  CHECK(tree.octets() == octets);
  CHECK(find(tree, "x.a.b") == nullptr);
  CHECK(find(tree, "z") == nullptr);
}

TEST_CASE("a name between others stays while one is below it") {
  LabelTree tree;
  change(tree, "a.b.c", Kind::kAdd, RrType::kA, {1});
  change(tree, "b.c", Kind::kAdd, RrType::kTxt, {1});
  CHECK(change(tree, "b.c", Kind::kRemove, RrType::kTxt, {1}) == 0);
  REQUIRE(find(tree, "b.c") != nullptr);
  CHECK_FALSE(find(tree, "b.c")->has_records());
  CHECK(change(tree, "a.b.c", Kind::kRemove, RrType::kA, {1}) == 0);
  CHECK(find(tree, "c") == nullptr);
  CHECK(tree.name_count() == 1);
}

TEST_CASE("an RRset has the lowest of its records' TTLs (RFC 2181 5.2)") {
  LabelTree tree;
  change(tree, "a", Kind::kAdd, RrType::kA, {1}, 300);
  change(tree, "a", Kind::kAdd, RrType::kA, {2}, 30);
  change(tree, "a", Kind::kAdd, RrType::kA, {3}, 3000);
  CHECK(tree.rrset(*find(tree, "a"), RrType::kA)->ttl() == 30);
}

TEST_CASE("several changes of one name are one step, in their order") {
  LabelTree tree;
  const Octets one{1};
  const Octets two{2, 2};
  const LabelTree::Change changes[] = {
      {Kind::kAdd, RrType::kA, 30, one},
      {Kind::kRemove, RrType::kA, 30, two},  // not there yet
      {Kind::kAdd, RrType::kA, 30, two},
      {Kind::kRemove, RrType::kA, 30, one},
  };
  const Name name = *Name::from_text("x.y.apex");
  const Labels labels = name.view().labels();
  // The apex is not part of the tree.
  CHECK(tree.change(labels, 2, changes) == 1);
  CHECK(find(tree, "apex") == nullptr);
  const auto rrset = tree.rrset(*find(tree, "x.y"), RrType::kA);
  REQUIRE(rrset);
  CHECK(rrset->count() == 1);
  CHECK(std::ranges::equal(*rrset->begin(), two));
  CHECK(tree.change(labels, 0, {changes, 1}) == 0);
  CHECK(tree.root().has_records());
}

TEST_CASE("an RRset of thousands of records keeps them apart and in order") {
  LabelTree tree;
  std::mt19937 random(1);
  std::set<Octets> expected;
  for (int i = 0; i < 3000; ++i) {
    const Octets rdata{static_cast<std::uint8_t>(random()),
                       static_cast<std::uint8_t>(random() % 64)};
    expected.insert(rdata);
    change(tree, "a", Kind::kAdd, RrType::kA, rdata);
  }
  const auto rrset = tree.rrset(*find(tree, "a"), RrType::kA);
  REQUIRE(rrset->count() == expected.size());
  auto rdata = rrset->begin();
  for (const Octets& octets : expected) {
    CHECK(std::ranges::equal(*rdata, octets));
    ++rdata;
  }
}

TEST_CASE("more than 65,535 records of a name, and objects of a record") {
  constexpr std::uint32_t kMany = 70'000;
  LabelTree tree;
  const Name name = *Name::from_text("a");
  std::vector<Octets> rdata;
  for (std::uint32_t i = 0; i < kMany; ++i) {
    rdata.push_back({static_cast<std::uint8_t>(i >> 16),
                     static_cast<std::uint8_t>(i >> 8),
                     static_cast<std::uint8_t>(i)});
  }
  const auto change_all = [&](Kind kind, std::size_t begin) {
    std::vector<LabelTree::Change> changes;
    for (std::size_t i = begin; i < rdata.size(); ++i) {
      changes.push_back({kind, RrType::kA, 30, rdata[i]});
    }
    return tree.change(name.view().labels(), 1, changes);
  };
  CHECK(change_all(Kind::kAdd, 0) == 0);
  CHECK(tree.record_count() == kMany);
  CHECK(tree.rrset(*find(tree, "a"), RrType::kA)->count() == kMany);
  // None was dropped on the way: the last one can be taken away again.
  CHECK(change_all(Kind::kRemove, 1) == 0);
  CHECK(tree.rrset(*find(tree, "a"), RrType::kA)->count() == 1);
  const std::vector<LabelTree::Change> more(
      kMany, {Kind::kAdd, RrType::kA, 30, rdata[0]});
  CHECK(tree.change(name.view().labels(), 1, more) == 0);
  const std::vector<LabelTree::Change> fewer(
      kMany, {Kind::kRemove, RrType::kA, 30, rdata[0]});
  CHECK(tree.change(name.view().labels(), 1, fewer) == 0);
  CHECK(tree.rrset(*find(tree, "a"), RrType::kA)->count() == 1);
}

TEST_CASE("trees are values") {
  LabelTree first;
  change(first, "a", Kind::kAdd, RrType::kA, {1});
  LabelTree second = first;
  change(second, "b", Kind::kAdd, RrType::kA, {1});
  const LabelTree& alias = second;
  second = alias;
  CHECK(find(first, "b") == nullptr);
  CHECK(find(second, "b") != nullptr);
  first = second;
  change(second, "b", Kind::kRemove, RrType::kA, {1});
  CHECK(find(first, "b") != nullptr);
  CHECK(find(second, "b") == nullptr);
}
