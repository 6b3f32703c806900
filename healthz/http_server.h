// The HTTP listener for health, readiness, metrics and debug pages.  Health
// answers wait for nobody: pages that cost something are made on another thread
// (HttpWork), every wait ends, and connections are bounded.  Each address has
// its share of them; a new connection is always taken, and the one of its
// client that got on least recently makes room (of any client, when all are
// used).  So a client that sends its request is answered, whatever others at
// its address do.
//
// Thread rule: made and destroyed while nobody runs the io_context, or by the
// one thread that does.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "healthz/http_shared.h"

namespace canopy {

struct HttpServerOptions {
  std::vector<boost::asio::ip::address> addresses{};  // empty: all, v4 and v6
  std::uint16_t port = 8080;                          // 0: any free one
  HttpLimits limits{};
};

class HttpServer {
 public:
  // Listens and accepts as soon as somebody runs `io`.  Throws
  // std::runtime_error with one line: what, where, what to do.
  HttpServer(boost::asio::io_context& io, const HttpServerOptions& options,
             HttpRoutes routes);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  // Where it listens, for the start-up lines.
  std::vector<boost::asio::ip::tcp::endpoint> endpoints() const;
  // From any thread, while this lives.
  const HttpCounts& counts() const { return shared_->counts; }

 private:
  struct Listener;

  void share_pages();
  void listen(const HttpServerOptions& options);
  static void accept(const std::shared_ptr<Listener>& listener);
  static void on_failure(const std::shared_ptr<Listener>& listener,
                         const boost::system::error_code& error);

  boost::asio::io_context& io_;
  std::shared_ptr<HttpShared> shared_;
  std::vector<std::shared_ptr<Listener>> listeners_;
};

}  // namespace canopy
