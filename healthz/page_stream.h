// A page that is made for one client and sent in pieces, each made when the one
// before was taken.  All that touches it (what it holds of the zones, too) runs
// on the page thread; results come on the thread of the server's io_context.
//
// Bounds: how many there are is the server's to say (HttpShared::streams); each
// has one job at a time on the page thread.
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
  // The page without its pieces, and whether it has any.
  using Begun =
      std::function<void(std::shared_ptr<const HttpResponse>, bool in_pieces)>;
  // Empty at the end; nothing when the piece could not be made.
  using Next = std::function<void(std::optional<std::string>)>;

  // `gone` is called when the page was let go of.
  PageStream(boost::asio::io_context& io, std::shared_ptr<PageThread> thread,
             std::function<void()> gone)
      : io_(io), thread_(std::move(thread)), gone_(std::move(gone)) {}
  ~PageStream();
  PageStream(const PageStream&) = delete;
  PageStream& operator=(const PageStream&) = delete;

  // What `make` returns; its pieces are next()'s.  Null when it could not be
  // made.
  void begin(std::function<HttpResponse()> make, Begun begun);
  // REQUIRES: begun, with pieces, and no other call of this at work.
  void next(Next done);

 private:
  boost::asio::io_context& io_;
  std::shared_ptr<PageThread> thread_;
  std::function<void()> gone_;
  std::function<std::string()> next_piece_;
};

}  // namespace canopy
