#include "healthz/http_message.h"

#include <exception>
#include <optional>
#include <utility>

#include "healthz/log.h"

namespace canopy {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// RFC 3986 2.1.  A percent sign without a valid escape is kept.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        decoded += static_cast<char>(*high << 4 | *low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

// Decodes a parameter, in which HTML forms also write "+" for a space.
std::string parameter_decoded(std::string_view text) {
  std::string with_spaces(text);
  for (char& c : with_spaces) {
    if (c == '+') c = ' ';
  }
  return percent_decoded(with_spaces);
}

}  // namespace

HttpRequest request_for(std::string_view target) {
  HttpRequest request;
  const auto mark = target.find('?');
  request.path = percent_decoded(target.substr(0, mark));
  if (mark == std::string_view::npos) return request;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos
                                       ? std::string_view()
                                       : pair.substr(equals + 1);
    if (!pair.empty()) {
      request.parameters[parameter_decoded(pair.substr(0, equals))] =
          parameter_decoded(value);
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return request;
}

void HttpRoutes::add(std::string path, HttpHandler handler, HttpWork work) {
  routes_.insert_or_assign(std::move(path), Route{std::move(handler), work});
}

HttpWork HttpRoutes::work_for(std::string_view path) const {
  const auto found = routes_.find(path);
  return found == routes_.end() ? HttpWork::kAtOnce : found->second.work;
}

HttpResponse HttpRoutes::respond(const HttpRequest& request) const {
  const auto found = routes_.find(request.path);
  if (found == routes_.end()) {
    return {.status = 404, .body = "404 page not found; / lists the pages\n"};
  }
  try {
    return found->second.handler(request);
  } catch (const std::exception& error) {
    log_error("http: {} failed: {}", request.path, error.what());
    return {.status = 500,
            .body = "500 the page could not be made; see the log\n"};
  }
}

std::vector<std::string> HttpRoutes::paths() const {
  std::vector<std::string> list;
  for (const auto& [path, route] : routes_) list.push_back(path);
  return list;
}

}  // namespace canopy
