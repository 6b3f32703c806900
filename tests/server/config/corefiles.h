// A Corefile and its imports in a folder, and its environment variables.
#pragma once

#include <map>
#include <string>

#include "server/config/corefile.h"
#include "tests/server/test_folder.h"

namespace canopy {

class Corefiles {
 public:
  Corefiles(const std::string& text) { with("Corefile", text); }
  Corefiles(const char* text) : Corefiles(std::string(text)) {}

  Corefiles& with(const std::string& file, const std::string& text) {
    folder_.write(file, text);
    return *this;
  }
  Corefiles& set(const std::string& name, const std::string& value) {
    variables_[name] = value;
    return *this;
  }

  std::string path() const { return folder_.path("Corefile"); }

  Environment environment() const {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    };
  }

  std::string without_folder(std::string text) const {
    const std::string folder = folder_.path("");
    for (std::size_t at; (at = text.find(folder)) != std::string::npos;) {
      text.erase(at, folder.size());
    }
    return text;
  }

  CorefileSettings read(Settings flags = {}) const {
    flags.corefile = path();
    return read_corefile(flags, environment());
  }

  // All faults, each on a line.
  std::string faults() const { return lines(read().faults); }
  // The remarks of a Corefile without faults, or else the faults.
  std::string remarks() const {
    const CorefileSettings result = read();
    return lines(result.faults.empty() ? result.settings.remarks
                                       : result.faults);
  }

 private:
  std::string lines(const std::vector<std::string>& all) const {
    std::string text;
    for (const std::string& line : all) text += without_folder(line) + "\n";
    return text;
  }

  TestFolder folder_;
  std::map<std::string, std::string> variables_;
};

// The Corefile ".:53" with these directives, one a line; the first one is on
// line 2.
inline Corefiles one_block(const std::string& directives) {
  return {".:53 {\n" + directives + "\n}\n"};
}

}  // namespace canopy
