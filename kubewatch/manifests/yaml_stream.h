// YAML text as yaml-cpp's parser reads it, with a bound on what it reads
// without reporting anything.
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

// Octets of one flow collection (`[..]`, `{..}`).  yaml-cpp may keep a token
// for each of them until the bracket closes: up to 240 octets of memory for
// one.
inline constexpr std::size_t kMostFlow = 256 << 10;

// Where in `text` the flow collection begins that is the first value at `from`
// or behind it, `from` being the start of a line that the parser has reported
// or has begun to read.  npos: that value is none.  The end of `text`: no value
// has begun, as in comments.
std::size_t start_of_flow(std::string_view text, std::size_t from);

// Hands out a line at a time, so that it knows how far the parser got when
// `writer` heard of something.  Throws YAML::ParserException when a flow
// collection is too large.
class YamlStream : private std::streambuf, public std::istream {
 public:
  // Both outlive this.
  YamlStream(std::string& text, const YamlJsonWriter& writer);

 private:
  std::streamsize xsgetn(char* to, std::streamsize size) override;
  void look(std::string_view read);

  const YamlJsonWriter& writer_;
  std::size_t left_;         // the writer's, at the last look
  std::size_t line_ = 0;     // where the line begins that is handed out
  std::size_t piece_ = 0;    // where the part of it begins
  std::size_t pending_ = 0;  // where what is not reported yet may begin
  bool is_scalar_ = false;   // what is not reported yet is no flow collection
};

}  // namespace canopy::kube
