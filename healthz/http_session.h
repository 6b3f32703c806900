// One HTTP connection: reads a request, writes the answer, and again.  Every
// wait is bounded, and so is all that a client can make us keep.
//
// Thread rule: the thread that runs the server's io_context.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "healthz/http_message.h"

namespace canopy {

class HttpSession;

// What the listener and its sessions have in common.
struct HttpShared {
  HttpRoutes routes;
  std::size_t max_connections = 64;
  // For a whole request, and for each piece of an answer.
  std::chrono::milliseconds timeout{5000};
  // Those who got on least recently come first: at the limit, they go.
  std::list<HttpSession*> sessions;
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(boost::asio::ip::tcp::socket socket,
              std::shared_ptr<HttpShared> shared);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void start() { read_request(); }
  // Gives up the place at once; the session ends when its pending operation
  // returns.
  void close();

 private:
  using Step = void (HttpSession::*)();

  void read_request();
  void on_request(const boost::system::error_code& error);
  void answer();
  void refuse(unsigned status, std::string text);
  void write_piece();
  void write_plain_piece();
  void finish();
  void discard();

  std::string head_of(const HttpResponse& response);
  bool streams_in_chunks() const;
  void write(std::string octets, Step next);
  void got_on();

  boost::beast::tcp_stream stream_;
  std::shared_ptr<HttpShared> shared_;
  // In shared_->sessions; nothing once closed.
  std::optional<std::list<HttpSession*>::iterator> place_;
  boost::beast::flat_buffer in_;
  std::optional<
      boost::beast::http::request_parser<boost::beast::http::empty_body>>
      parser_;
  std::function<std::string()> next_piece_;
  std::string out_;
  std::size_t discarded_ = 0;
};

}  // namespace canopy
