// JSON strings as Go's encoding/json writes them, which is what readers of
// kube-dns' pages know.
#pragma once

#include <string>
#include <string_view>

namespace canopy {

// `text` in quotes and escaped.  An octet that is not ASCII becomes U+FFFD:
// presentation forms of DNS data have none.
std::string json_string(std::string_view text);

// The shortest number that reads back the same: 0.000481739, 0.
std::string json_number(double value);

}  // namespace canopy
