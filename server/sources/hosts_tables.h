// The tables of the directives `hosts` of a Corefile.  Reads the hosts files
// and keeps the tables, so that an unchanged file is not parsed again.  One
// thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/config/server_block.h"
#include "server/observe/hosts_counts.h"
#include "server/plan/hosts_table.h"

namespace canopy {

// A larger hosts file is not read.
inline constexpr std::size_t kMaxHostsFile = 16 << 20;

class HostsTables {
 public:
  explicit HostsTables(HostsCounts& counts) : counts_(counts) {}

  // Reads the block's hosts file and returns the table of the file and of the
  // Corefile's own entries.  If the file cannot be read or is too large, the
  // table is the last good one, or has only the Corefile's entries; a line in
  // `warnings` says so.  Null: the block has no directive `hosts`.
  SharedHosts table_of(const ServerBlock& block,
                       std::vector<std::string>& warnings);
  // Call this after table_of() for all blocks.  Drops the other tables and sets
  // the counts.
  void keep_used();

 private:
  struct Kept {
    HostsSettings settings;
    std::vector<Name> domains;
    std::string text;  // of the file
    bool has_text = false;
    std::vector<std::string> remarks{};  // on the file's and Corefile's lines
    std::size_t names = 0;
    SharedHosts table{};
    bool is_used = true;
    bool is_broken = false;
  };

  Kept& kept_for(const ServerBlock& block);
  void read_file_of(Kept& kept, std::vector<std::string>& warnings);
  static void make_table(Kept& kept, const std::string& text, bool has_text);

  HostsCounts& counts_;
  std::vector<Kept> kept_;  // a few
};

}  // namespace canopy
