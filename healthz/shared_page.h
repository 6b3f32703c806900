// A page that is expensive to make and the same for all clients.  It is made on
// the page thread, at most once in `interval`.  All clients that requested it
// before its build started share it.  Therefore no client gets an older page,
// and a flood of requests costs one build per second.
//
// Bounds: at most one job of this page waits or runs on the page thread; the
// server bounds the waiting clients.
//
// Thread rule: the thread that runs the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "healthz/http_message.h"
#include "healthz/page_thread.h"

namespace canopy {

class SharedPage : public std::enable_shared_from_this<SharedPage> {
 public:
  using Made = std::function<void(std::uint64_t number,
                                  std::shared_ptr<const HttpResponse> page)>;
  struct Options {
    std::function<HttpResponse()> make;  // on the page thread
    Made made;
    std::chrono::milliseconds interval;
  };

  SharedPage(boost::asio::io_context& io, std::shared_ptr<PageThread> thread,
             Options options);

  // Requests a page whose build starts after this call, and returns its number;
  // made() is called with that number.
  std::uint64_t want();
  // made() is not called after stop() returns.
  void stop();

 private:
  void schedule();
  void make();
  void on_made(std::shared_ptr<const HttpResponse> page);

  boost::asio::io_context& io_;
  std::shared_ptr<PageThread> thread_;
  Options options_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point last_begun_{};
  std::uint64_t begun_ = 0;  // number of builds started
  bool wanted_ = false;      // one more build is wanted
  bool making_ = false;
};

}  // namespace canopy
