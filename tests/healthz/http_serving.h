// A server on a free port of 127.0.0.1 with a thread of its own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "healthz/http_server.h"
#include "tests/healthz/http_client.h"

namespace canopy {

class Serving {
 public:
  Serving(const HttpLimits& limits, HttpRoutes routes)
      : server_(std::make_unique<HttpServer>(io_, on_loopback(limits),
                                             std::move(routes))),
        thread_([this] { io_.run(); }) {}
  ~Serving() {
    io_.stop();
    thread_.join();
  }

  std::uint16_t port() const { return server_->endpoints().front().port(); }
  const HttpCounts& counts() const { return server_->counts(); }
  std::string ask(std::string_view target) const {
    return HttpClient(port()).get(target).read_answer();
  }

  // Destroys the server on its thread, which is then done.
  void end() {
    boost::asio::post(io_, [this] { server_.reset(); });
  }

 private:
  static HttpServerOptions on_loopback(const HttpLimits& limits) {
    return {.listen = {{{boost::asio::ip::address_v4::loopback()}, 0}},
            .limits = limits};
  }

  boost::asio::io_context io_{1};
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

}  // namespace canopy
