// Checks the end of an HTTP request and its target host.  A server must not
// guess either: a proxy in front may guess differently (request smuggling), and
// a browser may be tricked into sending requests (DNS rebinding).  RFC 9112 and
// RFC 9110.  Plain functions.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace canopy {

// Why a request is refused; the connection is then closed.
struct HttpFault {
  unsigned status;
  std::string text;
};

// The size of the header at the start of `octets`, including the empty line
// that ends the header; npos while that line is missing.  Searches from
// `scanned` on, because earlier octets were searched before.
std::size_t header_size(std::string_view octets, std::size_t scanned);

// False when a line of the header (or of a part of it) does not end in CR LF,
// continues in the next line (obs-fold, RFC 9112 5.2), or contains NUL.  Octets
// before `scanned` have been checked before.
bool has_clean_lines(std::string_view octets, std::size_t scanned);

// The fault in Host or Transfer-Encoding of a request that Beast could parse.
std::optional<HttpFault> framing_fault(
    const boost::beast::http::request_header<>& request);

// A request target in origin form ("/a?b").  Absolute form ("http://host/a?b",
// RFC 9112 3.2) is converted to it.
struct HttpTarget {
  std::string_view origin;
  // The host of an absolute form, which overrides the Host field.
  std::optional<std::string_view> host{};
};
// Returns nullopt for other forms.
std::optional<HttpTarget> target_of(std::string_view text);

// True for "localhost" and loopback addresses, with or without a port.  A page
// of another site cannot send such a Host.
bool is_loopback_host(std::string_view host);

}  // namespace canopy
