// The HTTP server for health, readiness, metrics and debug pages.  All its
// addresses have the same pages, and share the limits and counts.
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
#include <memory>
#include <string_view>
#include <vector>

#include "healthz/http_address.h"
#include "healthz/http_shared.h"

namespace canopy {

struct HttpServerOptions {
  std::vector<HttpAddress> listen{};  // empty: nothing is listened on
  HttpLimits limits{};
  // The setting that has the addresses, for error texts.
  std::string_view set_by = "--healthz-port";
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

  // The addresses it listens on, for the start-up lines.
  std::vector<boost::asio::ip::tcp::endpoint> endpoints() const;
  // Any thread may call this during the lifetime of this object.
  const HttpCounts& counts() const { return shared_->counts; }

 private:
  struct Listener;

  void share_pages();
  static void accept(const std::shared_ptr<Listener>& listener);
  static void on_failure(const std::shared_ptr<Listener>& listener,
                         const boost::system::error_code& error);

  std::shared_ptr<HttpShared> shared_;
  std::vector<std::shared_ptr<Listener>> listeners_;
};

}  // namespace canopy
