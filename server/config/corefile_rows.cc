#include "server/config/corefile_rows.h"

#include <algorithm>

#include "server/config/corefile_words.h"
#include "server/config/similar_words.h"

namespace canopy {
namespace {

[[noreturn]] void refuse_unknown_line(const std::string& name,
                                      const CorefileTable& table,
                                      bool is_directive) {
  std::vector<std::string_view> known;
  known.reserve(table.rows.size());
  for (const CorefileRow& row : table.rows) known.push_back(row.name);
  const std::string near = most_similar(name, known);
  const std::string what =
      is_directive ? "unknown directive; " : "unknown option; ";
  if (!near.empty()) {
    throw ConfigurationError(what + "did you mean " + near + "?");
  }
  if (is_directive) {
    throw ConfigurationError(what +
                             "`canopydns -plugins` lists the supported ones");
  }
  throw ConfigurationError(what + "remove the line");
}

void refuse_second(const CorefileLine& line, CorefileReading& reading) {
  const auto [first, is_first] =
      reading.seen.emplace(line.name(), line.at().text());
  if (is_first) return;
  throw ConfigurationError("is already at " + first->second +
                           "; a server block may have it only once");
}

[[noreturn]] void refuse(const CorefileRow& row, const CorefileLine& line) {
  std::string text(row.why_not);
  const auto arguments = text.find("{}");
  if (arguments != std::string::npos) {
    text.replace(arguments, 2, joined_arguments(line));
  }
  throw ConfigurationError(text);
}

void read_by(const CorefileRow& row, const CorefileLine& line,
             CorefileReading& reading) {
  if (row.read == nullptr) refuse(row, line);
  if (row.once) refuse_second(line, reading);
  if (row.options == nullptr && !line.block.empty()) {
    throw ConfigurationError("has no options; remove \"" +
                             line.block.front().name() + "\"");
  }
  row.read(line, reading);
}

void read_other(const CorefileLine& line, const CorefileTable& table,
                bool is_directive, CorefileReading& reading) {
  if (table.take_other != nullptr && table.take_other(line, reading)) return;
  refuse_unknown_line(line.name(), table, is_directive);
}

}  // namespace

void read_lines(const std::vector<CorefileLine>& lines,
                const CorefileTable& table, const std::string& scope,
                CorefileReading& reading) {
  for (const CorefileLine& line : lines) {
    const std::string name = scope + line.name() + ": ";
    const auto row =
        std::ranges::find(table.rows, line.name(), &CorefileRow::name);
    const bool is_known = row != table.rows.end();
    try {
      if (is_known) {
        read_by(*row, line, reading);
      } else {
        read_other(line, table, scope.empty(), reading);
      }
    } catch (const ConfigurationError& error) {
      reading.faults.push_back(line.at().text() + ": " + name + error.what());
    }
    if (is_known && row->read != nullptr && row->options != nullptr) {
      read_lines(line.block, *row->options, name, reading);
    }
  }
}

}  // namespace canopy
