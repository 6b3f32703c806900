// Checks where an HTTP request ends and which host it is for.  A server must
// not guess either: a proxy in front may guess differently (request smuggling),
// and a browser may be tricked into sending requests (DNS rebinding).  RFC 9112
// and RFC 9110.  Plain functions.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace canopy {

// Why a request is refused; the connection ends with it.
struct HttpFault {
  unsigned status;
  std::string text;
};

// How long the header at the start of `octets` is, with the empty line that
// ends it; npos while that has not come.  Looks at octets from `scanned` on,
// which those before were found not to hold it.
std::size_t header_size(std::string_view octets, std::size_t scanned);

// False when a line of a (part of a) header ends in other than CR LF, goes on
// in the next one (obs-fold, RFC 9112 5.2), or holds NUL.  Octets before
// `scanned` were found clean.
bool has_clean_lines(std::string_view octets, std::size_t scanned);

// What is wrong with a request that Beast could read: Host, Transfer-Encoding.
std::optional<HttpFault> framing_fault(
    const boost::beast::http::request_header<>& request);

// A request target in origin form ("/a?b") or absolute form
// ("http://host/a?b", RFC 9112 3.2), as the former; nothing when it is neither.
struct HttpTarget {
  std::string_view origin;
  // Of an absolute form, where it counts in place of the Host field.
  std::optional<std::string_view> host{};
};
std::optional<HttpTarget> target_of(std::string_view text);

// True for "localhost" and loopback addresses, with or without a port: what a
// page of another site cannot give as its Host.
bool is_loopback_host(std::string_view host);

}  // namespace canopy
