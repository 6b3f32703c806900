// Tables of what a Corefile may contain, and the reader that walks them.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/corefile_parser.h"
#include "server/config/settings.h"

namespace canopy {

// The results of reading a Corefile so far.
struct CorefileReading {
  Settings& settings;
  // True if flags set the source of the objects: they win.
  bool flags_set_source = false;
  ServerBlock block{};   // the present one
  std::size_t keys = 0;  // of all blocks, before networks are cut
  // Where each directive of the present block was first.
  std::map<std::string, std::string, std::less<>> seen{};
  // The first directive `kubernetes`, to compare others with it.
  std::string kubernetes{};
  // The sum of the capacities that directives `cache` ask for.
  std::size_t cache_entries = 0;
  // The longest `lameduck` of all directives `health`.
  std::optional<std::chrono::milliseconds> lameduck{};
  std::vector<std::string> faults{};  // one line each
};

struct CorefileTable;

// One directive of a server block, or one option of a directive.
struct CorefileRow {
  std::string_view name;
  // Reads the arguments.  Throws ConfigurationError with a text that follows
  // the name.  Null: the line is refused with the text `why_not`, in which {}
  // stands for its arguments.
  void (*read)(const CorefileLine&, CorefileReading&) = nullptr;
  std::string_view why_not = {};
  const CorefileTable* options = nullptr;  // null: it has none
  bool once = false;                       // a block may have it only once
};

struct CorefileTable {
  std::span<const CorefileRow> rows;
  // Takes a line that no row names.  Returns false if the line is an error;
  // throws like CorefileRow::read.  Null: all such lines are errors.
  bool (*take_other)(const CorefileLine&, CorefileReading&) = nullptr;
};

// Reads each line by the row with its name.  Adds one fault for each bad line
// and goes on.  `scope` precedes names in faults: "cache: ".
void read_lines(const std::vector<CorefileLine>& lines,
                const CorefileTable& table, const std::string& scope,
                CorefileReading& reading);

}  // namespace canopy
