#include "healthz/page_stream.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "healthz/guarded.h"

namespace canopy {

// The pieces are destroyed on the thread that made them.
PageStream::~PageStream() {
  if (!next_piece_) {
    gone_();
    return;
  }
  thread_->run([&io = io_, next_piece = std::move(next_piece_),
                gone = std::move(gone_)]() mutable {
    next_piece = nullptr;
    boost::asio::post(io, std::move(gone));
  });
}

// Here and below, the lambdas pass `self` on, so that the last reference is
// dropped on the server's thread.
void PageStream::begin(std::function<HttpResponse()> make, Begun begun) {
  thread_->run([self = shared_from_this(), make = std::move(make),
                begun = std::move(begun)]() mutable {
    std::shared_ptr<const HttpResponse> page;
    guarded("pages", [&] {
      HttpResponse response = make();
      self->next_piece_ = std::exchange(response.next_piece, nullptr);
      page = std::make_shared<const HttpResponse>(std::move(response));
    });
    const bool in_pieces = self->next_piece_ != nullptr;
    boost::asio::io_context& io = self->io_;
    boost::asio::post(
        io, [self = std::move(self), page = std::move(page),
             begun = std::move(begun), in_pieces] { begun(page, in_pieces); });
  });
}

void PageStream::next(Next done) {
  thread_->run([self = shared_from_this(), done = std::move(done)]() mutable {
    std::optional<std::string> piece;
    guarded("pages", [&] { piece = self->next_piece_(); });
    if (!piece || piece->empty()) self->next_piece_ = nullptr;
    boost::asio::io_context& io = self->io_;
    boost::asio::post(
        io, [self = std::move(self), piece = std::move(piece),
             done = std::move(done)]() mutable { done(std::move(piece)); });
  });
}

}  // namespace canopy
