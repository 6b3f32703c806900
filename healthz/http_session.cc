#include "healthz/http_session.h"

#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>
#include <utility>

namespace canopy {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMaxHeader = 8192;
// What a refused client may still send while it reads why.
constexpr std::size_t kMaxDiscarded = 65536;
constexpr std::chrono::seconds kDiscardTime{1};

bool is_loopback(const net::ip::address& address) {
  if (address.is_v4()) return address.is_loopback();
  const net::ip::address_v6 v6 = address.to_v6();
  if (!v6.is_v4_mapped()) return v6.is_loopback();
  return net::ip::make_address_v4(net::ip::v4_mapped, v6).is_loopback();
}

std::string chunk(const std::string& piece) {
  std::ostringstream framed;
  framed << std::hex << piece.size() << "\r\n" << piece << "\r\n";
  return std::move(framed).str();
}

// The status for a request that cannot be read; 0 when there is nobody to
// tell.
unsigned status_for(const error_code& error) {
  if (error == http::error::header_limit ||
      error == http::error::buffer_overflow) {
    return 431;
  }
  if (error == http::error::end_of_stream ||
      error == http::error::partial_message) {
    return 0;
  }
  return error.category() == make_error_code(http::error::bad_target).category()
             ? 400
             : 0;
}

}  // namespace

HttpSession::HttpSession(net::ip::tcp::socket socket,
                         std::shared_ptr<HttpShared> shared)
    : stream_(std::move(socket)), shared_(std::move(shared)), in_(kMaxHeader) {
  place_ = shared_->sessions.insert(shared_->sessions.end(), this);
  error_code ignored;
  stream_.socket().set_option(net::ip::tcp::no_delay(true), ignored);
}

HttpSession::~HttpSession() { close(); }

void HttpSession::close() {
  if (place_) shared_->sessions.erase(*place_);
  place_.reset();
  stream_.close();
}

void HttpSession::read_request() {
  parser_.emplace();
  parser_->header_limit(kMaxHeader);
  parser_->body_limit(0);
  stream_.expires_after(shared_->timeout);
  http::async_read_header(
      stream_, in_, *parser_,
      [self = shared_from_this()](const error_code& error, std::size_t) {
        self->on_request(error);
      });
}

void HttpSession::on_request(const error_code& error) {
  // The header was read, and says that a body follows, which stays unread.
  const bool has_body =
      error == http::error::body_limit || error == http::error::unexpected_body;
  if (error && !has_body) {
    if (const unsigned status = status_for(error)) {
      return refuse(status, status == 431 ? "431 request header too large\n"
                                          : "400 not an HTTP request\n");
    }
    return close();
  }
  got_on();
  const http::verb method = parser_->get().method();
  if (method != http::verb::get && method != http::verb::head) {
    return refuse(405, "405 only GET and HEAD\n");
  }
  if (has_body || parser_->chunked() ||
      parser_->content_length().value_or(0) > 0) {
    return refuse(413, "413 a request must have no body\n");
  }
  answer();
}

void HttpSession::answer() {
  const auto target = parser_->get().target();
  HttpRequest request = request_for({target.data(), target.size()});
  error_code error;
  const auto remote = stream_.socket().remote_endpoint(error);
  request.from_loopback = !error && is_loopback(remote.address());

  HttpResponse response = shared_->routes.respond(request);
  const bool again = parser_->get().keep_alive();
  const bool with_body = parser_->get().method() == http::verb::get;
  std::string head = head_of(response);
  if (with_body && response.next_piece) {
    next_piece_ = std::move(response.next_piece);
    return write(std::move(head), streams_in_chunks()
                                      ? &HttpSession::write_piece
                                      : &HttpSession::write_plain_piece);
  }
  if (with_body) head += response.body;
  write(std::move(head),
        again ? &HttpSession::read_request : &HttpSession::finish);
}

// HTTP/1.0 knows no chunks: there the end of the connection ends the body.
bool HttpSession::streams_in_chunks() const {
  return parser_->get().version() >= 11;
}

std::string HttpSession::head_of(const HttpResponse& response) {
  http::response<http::empty_body> head;
  head.version(parser_->get().version());
  head.result(response.status);
  head.set(http::field::content_type, response.content_type);
  head.set(http::field::cache_control, "no-store");
  head.keep_alive(parser_->get().keep_alive());
  if (response.status == 405) head.set(http::field::allow, "GET, HEAD");
  if (!response.next_piece) {
    head.content_length(response.body.size());
  } else if (streams_in_chunks()) {
    head.chunked(true);
  } else {
    head.keep_alive(false);
  }
  std::ostringstream text;
  text << head.base();
  return std::move(text).str();
}

void HttpSession::refuse(unsigned status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(text);
  // The request was not read to its end, so nothing can follow it.
  parser_->get().version(11);
  parser_->get().keep_alive(false);
  std::string octets = head_of(response);
  if (parser_->get().method() != http::verb::head) octets += response.body;
  write(std::move(octets), &HttpSession::finish);
}

void HttpSession::write_piece() {
  const std::string piece = next_piece_();
  if (!piece.empty()) return write(chunk(piece), &HttpSession::write_piece);
  next_piece_ = nullptr;
  write("0\r\n\r\n", parser_->get().keep_alive() ? &HttpSession::read_request
                                                 : &HttpSession::finish);
}

void HttpSession::write_plain_piece() {
  std::string piece = next_piece_();
  if (!piece.empty()) {
    return write(std::move(piece), &HttpSession::write_plain_piece);
  }
  next_piece_ = nullptr;
  finish();
}

void HttpSession::write(std::string octets, Step next) {
  out_ = std::move(octets);
  stream_.expires_after(shared_->timeout);
  net::async_write(
      stream_, net::buffer(out_),
      [self = shared_from_this(), next](const error_code& error, std::size_t) {
        if (error) return self->close();
        self->got_on();
        (self.get()->*next)();
      });
}

// Closing with octets unread would reset the connection, and the client could
// lose the answer: say that we are done, then read until it is, for a while.
void HttpSession::finish() {
  error_code ignored;
  stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kDiscardTime);
  in_.clear();
  discard();
}

void HttpSession::discard() {
  stream_.async_read_some(
      in_.prepare(kMaxHeader),
      [self = shared_from_this()](const error_code& error, std::size_t size) {
        self->discarded_ += size;
        if (error || self->discarded_ > kMaxDiscarded) return self->close();
        self->discard();
      });
}

void HttpSession::got_on() {
  auto& sessions = shared_->sessions;
  if (place_) sessions.splice(sessions.end(), sessions, *place_);
}

}  // namespace canopy
