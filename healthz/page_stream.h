// A page that is made for one client and sent in pieces.  Each piece is made
// when the client has taken the previous one.  All work on the page, including
// the zone data that it holds, is done on the page thread.  Results are
// delivered on the thread of the server's io_context.
//
// Bounds: the server limits the number of streams (HttpShared::streams).  Each
// stream has at most one job on the page thread.
//
// Thread rule: the thread that runs the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "healthz/http_message.h"
#include "healthz/page_thread.h"

namespace canopy {

class PageStream : public std::enable_shared_from_this<PageStream> {
 public:
  // The page without its pieces, and whether it has pieces.
  using Begun =
      std::function<void(std::shared_ptr<const HttpResponse>, bool in_pieces)>;
  // The next piece: empty at the end; nothing when it could not be made.
  using Next = std::function<void(std::optional<std::string>)>;

  // `gone` is called when the page has been destroyed.
  PageStream(boost::asio::io_context& io, std::shared_ptr<PageThread> thread,
             std::function<void()> gone)
      : io_(io), thread_(std::move(thread)), gone_(std::move(gone)) {}
  ~PageStream();
  PageStream(const PageStream&) = delete;
  PageStream& operator=(const PageStream&) = delete;

  // Delivers the response that `make` returns; next() delivers its pieces.
  // Null when the response could not be made.
  void begin(std::function<HttpResponse()> make, Begun begun);
  // REQUIRES: begin() has finished, the page has pieces, and no other call is
  // in progress.
  void next(Next done);

 private:
  boost::asio::io_context& io_;
  std::shared_ptr<PageThread> thread_;
  std::function<void()> gone_;
  std::function<std::string()> next_piece_;
};

}  // namespace canopy
