#include "healthz/http_framing.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/string.hpp>
#include <iterator>

#include "healthz/loopback.h"

namespace canopy {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

using Header = http::request_header<>;

constexpr std::string_view kEnd = "\r\n\r\n";

beast::string_view beast_view(std::string_view text) {
  return {text.data(), text.size()};
}

std::size_t count(const Header& request, http::field name) {
  const auto [first, last] = request.equal_range(name);
  return static_cast<std::size_t>(std::distance(first, last));
}

// RFC 9112 6.1, 6.3: rejects a body that could be mistaken for the next
// request.
std::optional<HttpFault> coding_fault(const Header& request) {
  if (count(request, http::field::transfer_encoding) == 0) return std::nullopt;
  if (count(request, http::field::content_length) > 0) {
    return HttpFault{400, "400 Transfer-Encoding and Content-Length\n"};
  }
  if (request.version() < 11) {
    return HttpFault{400, "400 Transfer-Encoding in HTTP/1.0\n"};
  }
  if (count(request, http::field::transfer_encoding) > 1) {
    return HttpFault{400, "400 more than one Transfer-Encoding\n"};
  }
  const auto coding = request[http::field::transfer_encoding];
  if (beast::iequals(coding, "chunked")) return std::nullopt;
  return HttpFault{
      501, "501 unknown Transfer-Encoding; only chunked is supported\n"};
}

bool may_stand_in_host(char c) {
  return c > ' ' && c < 0x7f &&
         std::string_view(",/?#@\\\"").find(c) == std::string_view::npos;
}

// RFC 9112 3.2: requires one Host, which HTTP/1.0 may omit.
std::optional<HttpFault> host_fault(const Header& request) {
  const std::size_t hosts = count(request, http::field::host);
  if (hosts > 1) return HttpFault{400, "400 more than one Host\n"};
  if (hosts == 0) {
    if (request.version() < 11) return std::nullopt;
    return HttpFault{400, "400 no Host\n"};
  }
  for (const char c : request[http::field::host]) {
    if (!may_stand_in_host(c)) return HttpFault{400, "400 malformed Host\n"};
  }
  return std::nullopt;
}

// "[::1]:8080" -> "::1", "localhost:8080" -> "localhost".
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

}  // namespace

std::size_t header_size(std::string_view octets, std::size_t scanned) {
  const std::size_t from =
      scanned < kEnd.size() ? 0 : scanned - (kEnd.size() - 1);
  const auto found = octets.find(kEnd, from);
  return found == std::string_view::npos ? found : found + kEnd.size();
}

bool has_clean_lines(std::string_view octets, std::size_t scanned) {
  // Checks the last scanned octet again, because it depends on the next one.
  for (std::size_t i = scanned > 0 ? scanned - 1 : 0; i < octets.size(); ++i) {
    const char c = octets[i];
    const char next = i + 1 < octets.size() ? octets[i + 1] : '\0';
    const bool is_last = i + 1 == octets.size();
    if (c == '\0') return false;
    if (c == '\r' && !is_last && next != '\n') return false;
    if (c != '\n') continue;
    if (i == 0 || octets[i - 1] != '\r') return false;
    if (next == ' ' || next == '\t') return false;
  }
  return true;
}

std::optional<HttpFault> framing_fault(const Header& request) {
  if (auto fault = coding_fault(request)) return fault;
  return host_fault(request);
}

std::optional<HttpTarget> target_of(std::string_view text) {
  if (text.starts_with('/')) return HttpTarget{.origin = text};
  constexpr std::string_view kScheme = "http://";
  if (!beast::iequals(beast_view(text.substr(0, kScheme.size())),
                      beast_view(kScheme))) {
    return std::nullopt;
  }
  text.remove_prefix(kScheme.size());
  const auto end = std::min(text.find_first_of("/?"), text.size());
  const std::string_view host = text.substr(0, end);
  text.remove_prefix(end);
  if (text.empty()) text = "/";
  if (host.empty() || !text.starts_with('/')) return std::nullopt;
  return HttpTarget{.origin = text, .host = host};
}

bool is_loopback_host(std::string_view host) {
  const std::string name(without_port(host));
  if (beast::iequals(name, "localhost") || beast::iequals(name, "localhost.")) {
    return true;
  }
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(name, error);
  return !error && is_loopback(address);
}

}  // namespace canopy
