// One HTTP connection: reads a request, writes the answer, and repeats.  Every
// wait is bounded, and so is the memory that a client can use: a header of 8
// KiB and one answer, which may be shared.
//
// Thread rule: the thread that runs the server's io_context.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "healthz/http_framing.h"
#include "healthz/http_shared.h"
#include "healthz/page_stream.h"

namespace canopy {

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  // `client` holds a place (HttpShared::places), which the session gives back.
  HttpSession(boost::asio::ip::tcp::socket socket,
              boost::asio::ip::address client,
              std::shared_ptr<HttpShared> shared);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  const boost::asio::ip::address& client() const { return client_; }

  void start() { read_request(); }
  // Takes page `number` of `path` if the session waits for that page or an
  // earlier one.
  void take_page(std::string_view path, std::uint64_t number,
                 const std::shared_ptr<const HttpResponse>& page);
  // Gives back the place at once.  The session ends when its pending operation
  // returns.  Data already sent still arrives.
  void close();
  // As close(), but resets the connection, so that the kernel keeps no data.
  void abort();

 private:
  using Step = void (HttpSession::*)();

  void give_back_place();
  void read_request();
  void read_more();
  void on_octets(std::size_t count);
  void on_header(std::size_t size);
  void answer(const HttpTarget& target);
  void refuse(const HttpFault& fault);
  void wait_for_page(std::string path);
  void give_up_page();
  void begin_stream(HttpRequest request);
  void on_stream(const std::shared_ptr<const HttpResponse>& page,
                 bool in_pieces);
  void next_piece();
  void on_piece(std::optional<std::string> piece);
  void send(std::shared_ptr<const HttpResponse> response);
  void end_of_answer();
  void finish();
  void discard();

  std::string head_of(const HttpResponse& response);
  bool streams_in_chunks() const;
  void write(std::string octets, Step next);
  void wait_in_vain(Step then);
  // True once for each wait; false when that wait or the session has ended.
  bool ends_wait(std::uint64_t number);
  void got_on();

  boost::beast::tcp_stream stream_;
  const boost::asio::ip::address client_;
  std::shared_ptr<HttpShared> shared_;
  // The position in shared_->sessions; nothing once closed.
  std::optional<std::list<HttpSession*>::iterator> place_;
  boost::beast::flat_buffer in_;
  std::size_t scanned_ = 0;  // octets of in_ searched for the end of the header
  std::optional<
      boost::beast::http::request_parser<boost::beast::http::empty_body>>
      parser_;
  // The timeout of one wait for the page thread, which may be busy.
  boost::asio::steady_timer patience_;
  std::uint64_t waits_ = 0;  // number of starts and ends of waits
  struct WantedPage {
    std::string path;
    std::uint64_t number;
  };
  std::optional<WantedPage> wanted_;
  std::shared_ptr<PageStream> page_stream_;
  bool in_pieces_ = false;  // the next answer is sent in pieces
  std::chrono::steady_clock::time_point stream_end_{};
  // The octets being sent.
  std::string out_;
  std::shared_ptr<const HttpResponse> response_;
  std::size_t discarded_ = 0;
};

}  // namespace canopy
