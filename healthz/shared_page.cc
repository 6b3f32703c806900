#include "healthz/shared_page.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "healthz/guarded.h"

namespace canopy {

SharedPage::SharedPage(boost::asio::io_context& io,
                       std::shared_ptr<PageThread> thread, Options options)
    : io_(io),
      thread_(std::move(thread)),
      options_(std::move(options)),
      timer_(io) {}

std::uint64_t SharedPage::want() {
  if (!std::exchange(wanted_, true) && !making_) schedule();
  return begun_ + 1;
}

void SharedPage::stop() {
  options_.made = nullptr;
  timer_.cancel();
}

void SharedPage::schedule() {
  const bool is_first = begun_ == 0;
  timer_.expires_at(is_first ? std::chrono::steady_clock::now()
                             : last_begun_ + options_.interval);
  timer_.async_wait([self = shared_from_this()](const auto& error) {
    if (!error && self->options_.made) self->make();
  });
}

void SharedPage::make() {
  wanted_ = false;
  making_ = true;
  ++begun_;
  last_begun_ = std::chrono::steady_clock::now();
  // Both lambdas pass `self` on, so that the last reference is dropped on the
  // server's thread.
  thread_->run([self = shared_from_this()]() mutable {
    std::shared_ptr<const HttpResponse> page;
    guarded("pages", [&] {
      page = std::make_shared<const HttpResponse>(self->options_.make());
    });
    boost::asio::io_context& io = self->io_;
    boost::asio::post(
        io, [self = std::move(self), page = std::move(page)]() mutable {
          self->on_made(std::move(page));
        });
  });
}

void SharedPage::on_made(std::shared_ptr<const HttpResponse> page) {
  making_ = false;
  if (!options_.made) return;
  const std::uint64_t number = begun_;
  if (wanted_) schedule();
  if (page) options_.made(number, std::move(page));
}

}  // namespace canopy
