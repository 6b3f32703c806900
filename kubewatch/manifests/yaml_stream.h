// A stream of YAML text for yaml-cpp's parser, with a limit on the text that
// the parser reads without reporting an event.
//
// Threads: any one.
#pragma once

#include <cstddef>
#include <istream>
#include <streambuf>
#include <string>
#include <string_view>

#include "kubewatch/manifests/yaml_json_writer.h"

namespace canopy::kube {

// The maximum size of one flow collection (`[..]`, `{..}`), in octets.  Until
// its bracket closes, yaml-cpp may use 240 octets of memory for each of them.
inline constexpr std::size_t kMostFlow = 256 << 10;

// The offset in `text` of a flow collection that is the first value at or after
// `from`.  `from` is the start of a line that the parser has reported or has
// begun to read.  Returns npos when the first value is not a flow collection,
// and the size of `text` when there is no value, for example only comments.
std::size_t start_of_flow(std::string_view text, std::size_t from);

// Delivers one line at a time, to know how far the parser has read at each
// event that `writer` receives.  Throws YAML::ParserException when a flow
// collection is too large.
class YamlStream : private std::streambuf, public std::istream {
 public:
  // `text` and `writer` must outlive this.
  YamlStream(std::string& text, const YamlJsonWriter& writer);

 private:
  std::streamsize xsgetn(char* to, std::streamsize size) override;
  void look(std::string_view read);

  const YamlJsonWriter& writer_;
  std::size_t left_;         // writer_.left() at the last look()
  std::size_t line_ = 0;     // start of the current line
  std::size_t piece_ = 0;    // start of the current piece of the line
  std::size_t pending_ = 0;  // where unreported text may start
  bool is_scalar_ = false;   // unreported text is not a flow collection
};

}  // namespace canopy::kube
