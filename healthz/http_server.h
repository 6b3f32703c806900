// The HTTP listener for health, readiness, metrics and debug pages.  Silent
// and slow clients never delay others: nothing blocks, every wait ends, and
// at the connection limit the client that got on least recently has to go.
//
// Thread rule: made and destroyed while nobody runs the io_context, or by the
// one thread that does.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "healthz/http_message.h"

namespace canopy {

struct HttpShared;

struct HttpServerOptions {
  std::vector<boost::asio::ip::address> addresses{};  // empty: all, v4 and v6
  std::uint16_t port = 8080;                          // 0: any free one
  std::size_t max_connections = 64;
  // For a whole request, and for each piece of an answer.
  std::chrono::milliseconds timeout{5000};
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

 private:
  struct Listener;

  void listen(const HttpServerOptions& options);
  static void accept(const std::shared_ptr<Listener>& listener);

  boost::asio::io_context& io_;
  std::shared_ptr<HttpShared> shared_;
  std::vector<std::shared_ptr<Listener>> listeners_;
};

}  // namespace canopy
