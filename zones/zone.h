// One zone: a tree of labels below an apex, with RRsets at its nodes.  A name
// that has only names below it is an empty non-terminal by construction.
// Immutable for readers; a ZoneStore edits the next version.
#pragma once

#include <cstdint>
#include <optional>

#include "zones/answer.h"
#include "zones/encoded_soa.h"
#include "zones/label_tree.h"
#include "zones/name.h"
#include "zones/rrset.h"

namespace canopy {

// The SOA fields of a zone (RFC 1035 3.3.13) and its options.  The serial is
// set by each publish.
struct ZoneOptions {
  Name apex;
  Name primary;                  // MNAME
  Name responsible;              // RNAME
  std::uint32_t refresh = 7200;  // seconds, as all below
  std::uint32_t retry = 1800;
  std::uint32_t expire = 86400;
  std::uint32_t negative_ttl = 5;  // SOA TTL and MINIMUM
  // True when we have only some of the zone's names, and another server may
  // have the others.
  bool falls_through = false;
  // The suffix of most names in the rdata, which is stored only once.
  Name target_suffix{};
};

class Zone {
 public:
  explicit Zone(const ZoneOptions& options);

  const Name& apex() const { return options_.apex; }
  bool falls_through() const { return options_.falls_through; }
  // True for zones of addresses, below in-addr.arpa or ip6.arpa.
  bool is_reverse() const { return is_reverse_; }
  std::uint32_t soa_serial() const { return soa_serial_; }
  const LabelTree& tree() const { return tree_; }

  // Answers (qname, qtype) by RFC 1034 4.3.2 from step 3 on.  CNAMEs are
  // followed inside the zone, and addresses of SRV and NS targets are added.  A
  // chain that `answer` already holds is continued.  REQUIRES: `qname` is in
  // the zone and outlives `answer`.
  void lookup(NameView qname, RrType qtype, Answer& answer) const;
  // True when `name` exists in the zone, with or without records.
  bool has_name(NameView name) const;

 private:
  friend class ZoneStore;

  // The deepest node of the tree that a name leads to.
  struct Match {
    const LabelTree::Node* node;
    std::size_t labels_left;  // 0: the name itself exists
  };
  Match find(NameView name) const;
  RrsetView soa() const;
  // Nothing when there is no such RRset, or when `qtype` is an internal type.
  std::optional<RrsetView> rrset_of(const LabelTree::Node& node,
                                    RrType qtype) const;
  void set_serial(std::uint32_t serial);

  std::optional<RrsetView> computed_address(const Match& match, NameView name,
                                            Answer::Scratch& scratch) const;
  void answer_from(const LabelTree::Node& node, NameView name, RrType qtype,
                   Answer& answer) const;
  void answer_any(const LabelTree::Node& node, NameView name,
                  Answer& answer) const;
  void answer_with(NameView name, RrType qtype, RrsetView rrset,
                   Answer& answer) const;
  void add_addresses(RrsetView rrset, Answer& answer) const;
  void name_error(Answer& answer) const;
  void no_data(Answer& answer) const;

  ZoneOptions options_;
  std::size_t apex_labels_;
  bool is_reverse_;
  std::uint32_t soa_serial_ = 0;
  Octets soa_;  // the record in the format of nodes
  EncodedSoa encoded_soa_;
  LabelTree tree_;
};

}  // namespace canopy
