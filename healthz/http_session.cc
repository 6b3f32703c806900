#include "healthz/http_session.h"

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>
#include <utility>

#include "healthz/loopback.h"

namespace canopy {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMaxHeader = 8192;
constexpr std::size_t kRead = 2048;
// The most octets that a refused client may still send while it reads the
// reason.
constexpr std::size_t kMaxDiscarded = 65536;
constexpr std::chrono::seconds kDiscardTime{1};

std::string chunk(const std::string& piece) {
  std::ostringstream framed;
  framed << std::hex << piece.size() << "\r\n" << piece << "\r\n";
  return std::move(framed).str();
}

std::shared_ptr<const HttpResponse> plain_response(unsigned status,
                                                   std::string text) {
  return std::make_shared<const HttpResponse>(
      HttpResponse{.status = status, .body = std::move(text)});
}

std::string_view text_of(const beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

}  // namespace

HttpSession::HttpSession(net::ip::tcp::socket socket, net::ip::address client,
                         std::shared_ptr<HttpShared> shared)
    : stream_(std::move(socket)),
      client_(std::move(client)),
      shared_(std::move(shared)),
      in_(kMaxHeader),
      patience_(stream_.get_executor()) {
  place_ = shared_->sessions.insert(shared_->sessions.end(), this);
  ++shared_->counts.connections;
  ++shared_->counts.open_connections;
}

HttpSession::~HttpSession() { give_back_place(); }

void HttpSession::give_back_place() {
  if (!place_) return;
  shared_->sessions.erase(*std::exchange(place_, std::nullopt));
  shared_->places.give_back(client_);
  --shared_->counts.open_connections;
}

void HttpSession::close() {
  if (!place_) return;
  give_back_place();
  wanted_.reset();
  page_stream_.reset();
  patience_.cancel();
  stream_.close();
}

void HttpSession::abort() {
  error_code ignored;
  stream_.socket().set_option(net::socket_base::linger(true, 0), ignored);
  close();
}

void HttpSession::read_request() {
  parser_.emplace();
  parser_->header_limit(kMaxHeader);
  parser_->body_limit(0);
  response_.reset();
  scanned_ = 0;
  stream_.expires_after(shared_->limits.timeout);
  // The next request may have arrived with the last one.
  on_octets(0);
}

void HttpSession::read_more() {
  stream_.async_read_some(
      in_.prepare(std::min(kRead, kMaxHeader - in_.size())),
      [self = shared_from_this()](const error_code& error, std::size_t count) {
        if (error) return self->abort();
        self->on_octets(count);
      });
}

void HttpSession::on_octets(std::size_t count) {
  in_.commit(count);
  // Empty lines before a request are allowed (RFC 9112 2.2).
  while (text_of(in_).starts_with("\r\n")) in_.consume(2);
  const std::string_view octets = text_of(in_);
  const std::size_t scanned = std::min(scanned_, octets.size());
  const std::size_t size = header_size(octets, scanned);
  const bool is_whole = size != std::string_view::npos;
  if (!has_clean_lines(octets.substr(0, size), scanned)) {
    return refuse({400, "400 malformed lines in the header\n"});
  }
  if (is_whole) return on_header(size);
  if (octets.size() >= kMaxHeader) {
    return refuse({431, "431 request header too large\n"});
  }
  scanned_ = octets.size();
  read_more();
}

void HttpSession::on_header(std::size_t size) {
  got_on();
  error_code error;
  parser_->put(net::buffer(in_.data().data(), size), error);
  in_.consume(size);
  // The header announces a body, which is not read.
  const bool has_body =
      error == http::error::body_limit || error == http::error::unexpected_body;
  if (error ? !has_body : !parser_->is_header_done()) {
    return refuse({400, "400 not an HTTP request\n"});
  }
  const auto& request = parser_->get();
  if (const auto fault = framing_fault(request)) return refuse(*fault);
  if (request.method() != http::verb::get &&
      request.method() != http::verb::head) {
    return refuse({405, "405 only GET and HEAD\n"});
  }
  if (has_body || parser_->chunked() ||
      parser_->content_length().value_or(0) > 0) {
    return refuse({413, "413 a request must have no body\n"});
  }
  const auto target = target_of({request.target().data(),  //
                                 request.target().size()});
  if (!target) return refuse({400, "400 malformed request target\n"});
  answer(*target);
}

void HttpSession::answer(const HttpTarget& target) {
  const auto& request = parser_->get();
  const auto field = request[http::field::host];
  const std::string_view host =
      target.host.value_or(std::string_view(field.data(), field.size()));
  const bool has_host = target.host || request.count(http::field::host) > 0;

  HttpRequest asked = request_for(target.origin);
  asked.from_loopback =
      is_loopback(client_) && (!has_host || is_loopback_host(host));
  switch (shared_->routes.work_for(asked.path)) {
    case HttpWork::kAtOnce:
      return send(
          std::make_shared<const HttpResponse>(shared_->routes.respond(asked)));
    case HttpWork::kShared:
      return wait_for_page(std::move(asked.path));
    case HttpWork::kStreamed:
      return begin_stream(std::move(asked));
  }
}

void HttpSession::refuse(const HttpFault& fault) {
  // The request was not read completely, so no other request can follow.
  parser_->get().version(11);
  parser_->get().keep_alive(false);
  send(plain_response(fault.status, fault.text));
}

void HttpSession::wait_for_page(std::string path) {
  const auto page = shared_->pages.find(path);
  wanted_ = {.path = std::move(path), .number = page->second->want()};
  wait_in_vain(&HttpSession::give_up_page);
}

void HttpSession::give_up_page() {
  wanted_.reset();
  send(plain_response(503, "503 the page was not made in time\n"));
}

void HttpSession::take_page(std::string_view path, std::uint64_t number,
                            const std::shared_ptr<const HttpResponse>& page) {
  if (!wanted_ || wanted_->path != path || wanted_->number > number) return;
  wanted_.reset();
  ++waits_;
  patience_.cancel();
  send(page);
}

void HttpSession::begin_stream(HttpRequest request) {
  auto& shared = *shared_;
  if (shared.streams.take(client_) != Admission::kAdmitted) {
    ++shared.counts.refused_streams;
    return send(
        plain_response(503, "503 too many readers of this page; try again\n"));
  }
  ++shared.counts.streams;
  stream_end_ = std::chrono::steady_clock::now() + shared.limits.stream_time;
  page_stream_ = std::make_shared<PageStream>(
      shared.io, shared.page_thread, [shared = shared_, client = client_] {
        shared->streams.give_back(client);
      });
  wait_in_vain(&HttpSession::abort);
  page_stream_->begin(
      // The server and its routes outlive the page thread.
      [&routes = shared.routes, request = std::move(request)] {
        return routes.respond(request);
      },
      [self = shared_from_this(), wait = waits_](const auto& page,
                                                 bool in_pieces) {
        if (self->ends_wait(wait)) self->on_stream(page, in_pieces);
      });
}

void HttpSession::on_stream(const std::shared_ptr<const HttpResponse>& page,
                            bool in_pieces) {
  if (!page) return abort();
  const bool with_body = parser_->get().method() == http::verb::get;
  in_pieces_ = in_pieces;
  if (!in_pieces || !with_body) page_stream_.reset();
  send(page);
}

// Called after the header and after each piece.
void HttpSession::next_piece() {
  if (std::chrono::steady_clock::now() > stream_end_) return abort();
  wait_in_vain(&HttpSession::abort);
  page_stream_->next([self = shared_from_this(),
                      wait = waits_](std::optional<std::string> piece) {
    if (self->ends_wait(wait)) self->on_piece(std::move(piece));
  });
}

void HttpSession::on_piece(std::optional<std::string> piece) {
  if (!piece) return abort();
  const bool is_last = piece->empty();
  if (is_last) page_stream_.reset();
  const Step next =
      is_last ? &HttpSession::end_of_answer : &HttpSession::next_piece;
  if (streams_in_chunks()) return write(chunk(*piece), next);
  if (is_last) return end_of_answer();
  write(*std::move(piece), next);
}

void HttpSession::send(std::shared_ptr<const HttpResponse> response) {
  const bool with_body = parser_->get().method() != http::verb::head;
  std::string head = head_of(*response);
  if (with_body) response_ = std::move(response);
  const bool more = page_stream_ != nullptr;
  in_pieces_ = false;
  write(std::move(head),
        more ? &HttpSession::next_piece : &HttpSession::end_of_answer);
}

// HTTP/1.0 has no chunks; there, the end of the connection ends the body.
bool HttpSession::streams_in_chunks() const {
  return parser_->get().version() >= 11;
}

std::string HttpSession::head_of(const HttpResponse& response) {
  if (in_pieces_ && !streams_in_chunks()) parser_->get().keep_alive(false);
  http::response<http::empty_body> head;
  head.version(parser_->get().version());
  head.result(response.status);
  head.set(http::field::content_type, response.content_type);
  head.set(http::field::cache_control, "no-store");
  head.keep_alive(parser_->get().keep_alive());
  if (response.status == 405) head.set(http::field::allow, "GET, HEAD");
  if (response.status == 503) head.set(http::field::retry_after, "1");
  if (!in_pieces_) {
    head.content_length(response.body.size());
  } else if (streams_in_chunks()) {
    head.chunked(true);
  }
  std::ostringstream text;
  text << head.base();
  return std::move(text).str();
}

// Writes `octets`, then the body if `octets` are a header.
void HttpSession::write(std::string octets, Step next) {
  out_ = std::move(octets);
  stream_.expires_after(shared_->limits.timeout);
  const std::array<net::const_buffer, 2> buffers = {
      net::buffer(out_),
      response_ ? net::buffer(response_->body) : net::const_buffer()};
  net::async_write(
      stream_, buffers,
      [self = shared_from_this(), next](const error_code& error, std::size_t) {
        if (error) return self->abort();
        self->got_on();
        self->response_.reset();
        (self.get()->*next)();
      });
}

void HttpSession::end_of_answer() {
  if (parser_->get().keep_alive()) return read_request();
  finish();
}

// Closing a socket with unread data would reset the connection, and the client
// could lose the answer.  Therefore shut down sending, then read for a while
// until the client closes.
void HttpSession::finish() {
  error_code ignored;
  stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kDiscardTime);
  in_.clear();
  discard();
}

void HttpSession::discard() {
  stream_.async_read_some(
      in_.prepare(kRead),
      [self = shared_from_this()](const error_code& error, std::size_t size) {
        self->discarded_ += size;
        if (error || self->discarded_ > kMaxDiscarded) return self->close();
        self->discard();
      });
}

// Limits the wait for the page thread, which a lock may delay.
void HttpSession::wait_in_vain(Step then) {
  patience_.expires_after(shared_->limits.timeout);
  patience_.async_wait([self = shared_from_this(), then,
                        wait = ++waits_](const error_code& error) {
    if (!error && self->place_ && self->waits_ == wait) {
      ++self->waits_;
      (self.get()->*then)();
    }
  });
}

bool HttpSession::ends_wait(std::uint64_t number) {
  if (!place_ || waits_ != number) return false;
  ++waits_;
  patience_.cancel();
  return true;
}

void HttpSession::got_on() {
  auto& sessions = shared_->sessions;
  if (place_) sessions.splice(sessions.end(), sessions, *place_);
}

}  // namespace canopy
