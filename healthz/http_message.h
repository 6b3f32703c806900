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
  // The client is on this machine and means it: its Host is localhost or a
  // loopback address.  A page of another site that a browser here shows cannot
  // have such a Host, whatever its name was made to resolve to.
  bool from_loopback = false;
};

// Takes the request target ("/debug/zone?name=a") apart.
HttpRequest request_for(std::string_view target);

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  // When set, the body is what this returns, piece after piece until an empty
  // one.  It is asked as the client reads: a slow client costs one piece.  Only
  // of kStreamed handlers.
  std::function<std::string()> next_piece{};
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// Where a handler runs, and for whom.
enum class HttpWork : std::uint8_t {
  kAtOnce,    // on the HTTP thread, where others wait: for what is ready
  kShared,    // on the page thread, for all who ask within a second; the
              // request it gets has its path and nothing else
  kStreamed,  // on the page thread, for one client; a few at a time
};

class HttpRoutes {
 public:
  void add(std::string path, HttpHandler handler,
           HttpWork work = HttpWork::kAtOnce);
  // kAtOnce when nothing was added for the path: 404 costs nothing.
  HttpWork work_for(std::string_view path) const;
  // 404 when nothing was added for the path, 500 when the handler throws.
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
