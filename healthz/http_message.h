// What an HTTP request asks and what is answered, without the protocol.
// Plain values.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace canopy {

struct HttpRequest {
  std::string path;                               // decoded, without the query
  std::map<std::string, std::string> parameters;  // decoded, the last one wins
  bool from_loopback = false;
};

// Takes the request target ("/debug/zone?name=a") apart.
HttpRequest request_for(std::string_view target);

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  // When set, the body is what this returns, piece after piece until an empty
  // one.  It is asked as the client reads: a slow client costs one piece.
  std::function<std::string()> next_piece{};
};

// Answers at once: it runs on the HTTP thread, where others wait.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

class HttpRoutes {
 public:
  void add(std::string path, HttpHandler handler);
  // 404 when nothing was added for the path, 500 when the handler throws.
  HttpResponse respond(const HttpRequest& request) const;
  // In alphabetical order.
  std::vector<std::string> paths() const;

 private:
  std::map<std::string, HttpHandler, std::less<>> handlers_;
};

}  // namespace canopy
