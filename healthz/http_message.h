// HTTP requests and responses, without the protocol.  Plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace canopy {

struct HttpRequest {
  std::string path;  // decoded, without the query
  std::map<std::string, std::string> parameters{};  // decoded, the last wins
  // True when the client is on this machine and its Host is localhost or a
  // loopback address.  A page of another site in a local browser cannot send
  // such a Host, whatever address its name resolves to.
  bool from_loopback = false;
};

// Parses the request target ("/debug/zone?name=a").
HttpRequest request_for(std::string_view target);

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  // If set, the body consists of the pieces that this returns, up to an empty
  // one.  It is called as the client reads, so that a slow client needs memory
  // for only one piece.  Only for kStreamed handlers.
  std::function<std::string()> next_piece{};
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// The thread that runs a handler, and the clients that share the result.
enum class HttpWork : std::uint8_t {
  kAtOnce,    // on the HTTP thread, which others wait for: fast pages
  kShared,    // on the page thread, for all requests within a second; the
              // handler's request has only the path
  kStreamed,  // on the page thread, for one client; a few at a time
};

class HttpRoutes {
 public:
  void add(std::string path, HttpHandler handler,
           HttpWork work = HttpWork::kAtOnce);
  // kAtOnce for an unknown path, because 404 is cheap.
  HttpWork work_for(std::string_view path) const;
  // 404 for an unknown path, 500 when the handler throws.
  HttpResponse respond(const HttpRequest& request) const;
  // In alphabetical order.
  std::vector<std::string> paths() const;

 private:
  struct Route {
    HttpHandler handler;
    HttpWork work;
  };

  std::map<std::string, Route, std::less<>> routes_;
};

}  // namespace canopy
