// What a block tells clients about the server and about themselves.
#pragma once

#include <string>
#include <vector>

namespace canopy {

struct OwnTexts {
  // The octets of the option NSID, for clients that ask for it (RFC 5001).
  // Empty: none is sent.
  std::string nsid{};
  // The answer to version.bind.  Empty: the server's version.
  std::string version{};
  // The answers to authors.bind.  Empty: such queries are refused.
  std::vector<std::string> authors{};
  // True when a query that no other step answers gets the client's address and
  // port.
  bool whoami = false;

  friend bool operator==(const OwnTexts&, const OwnTexts&) = default;
};

}  // namespace canopy
