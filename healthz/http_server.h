// The HTTP listener for health, readiness, metrics and debug pages.
//
// Health answers are never delayed: expensive pages are made on another thread
// (HttpWork), every wait has a timeout, and connections are bounded.  Each
// client address has a share of the connections.  A new connection is always
// accepted.  If its client's share is used up, the client's connection with the
// least recent progress is closed.  If all places are used, the connections of
// all clients are considered.  Therefore a client that sends its request is
// answered, whatever other clients at its address do.
//
// Thread rule: construct and destroy while no thread runs the io_context, or on
// the one thread that runs it.
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
  // Listens, and accepts once a thread runs `io`.  Throws std::runtime_error
  // with one line: what is wrong, where, and what to do.
  HttpServer(boost::asio::io_context& io, const HttpServerOptions& options,
             HttpRoutes routes);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  // The addresses it listens on, for the start-up lines.
  std::vector<boost::asio::ip::tcp::endpoint> endpoints() const;
  // Any thread may call this during the lifetime of this object.
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
