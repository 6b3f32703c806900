#include "server/tcp_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/tcp_sessions.h"

namespace canopy {
namespace {

constexpr std::size_t kLengthSize = 2;
constexpr std::size_t kMaxMessage = 65535;
// Fits a burst of questions; grows when one message is longer.
constexpr std::size_t kInput = 4096;
// Above this, a client that does not read its answers is not read either.
constexpr std::size_t kPauseOutput = 256 << 10;
// Above this it is dropped: what was asked before the pause does not fit.
constexpr std::size_t kMaxOutput = 4 << 20;

std::size_t length_at(const std::uint8_t* octets) {
  return static_cast<std::size_t>(octets[0]) << 8 | octets[1];
}

}  // namespace

TcpSession::TcpSession(const ListenerContext& context, TcpSessions& sessions,
                       boost::asio::ip::tcp::socket socket, const Peer& peer,
                       Tier tier)
    : context_(context),
      sessions_(sessions),
      socket_(std::move(socket)),
      timer_(context.io),
      peer_(peer),
      tier_(tier),
      input_(kInput) {}

TcpSession::~TcpSession() = default;

void TcpSession::start() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  touch();
  start_timer();
  read();
}

bool TcpSession::is_idle() const {
  return !sending_ && under_way_.expired() && output_.empty();
}

void TcpSession::wind_down() {
  winding_down_ = true;
  go_on();
}

void TcpSession::finish() {
  finished_ = true;
  go_on();
}

void TcpSession::part() {
  boost::system::error_code ignored;
  if (reading_) {
    // What was read may wait in its handler: that goes on here.
    socket_.cancel(ignored);
  } else if (input_size_ == 0 && socket_.available(ignored) == 0) {
    close();
  }
}

void TcpSession::close() {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  sessions_.remove(*this);
}

void TcpSession::read() {
  if (reading_ || finished_ || !has_room()) return;
  // A long message: room comes with its octets, for its length is soon said.
  if (input_size_ == input_.size()) input_.resize(2 * input_.size());
  reading_ = true;
  socket_.async_read_some(
      boost::asio::buffer(input_.data() + input_size_,
                          input_.size() - input_size_),
      [self = shared_from_this()](const boost::system::error_code& error,
                                  std::size_t count) {
        self->reading_ = false;
        if (self->closed_) return;
        if (error == boost::asio::error::eof) return self->finish();
        if (error == boost::asio::error::operation_aborted) {
          return self->go_on();
        }
        if (error) return self->close();
        self->on_read(count);
      });
}

bool TcpSession::has_room() const {
  // While messages are taken, one share is held for the next.
  const auto under_way =
      static_cast<std::size_t>(under_way_.use_count() - (taking_ ? 1 : 0));
  const bool at_limit =
      !under_way_.expired() && under_way >= sessions_.settings().max_in_flight;
  return !closed_ && !at_limit && output_.size() < kPauseOutput;
}

void TcpSession::on_read(std::size_t count) {
  input_size_ += count;
  go_on();
}

void TcpSession::take_messages() {
  taking_ = true;
  const TimePoint now = std::chrono::steady_clock::now();
  std::size_t start = 0;
  std::shared_ptr<ReplySink> share;  // one for all, so none is made for each
  while (has_room() && input_size_ - start >= kLengthSize) {
    const std::size_t length = length_at(input_.data() + start);
    const std::size_t end = start + kLengthSize + length;
    if (end > input_size_) break;
    if (!share) share = share_of_answers();
    answer({input_.data() + start + kLengthSize, length}, now, share);
    start = end;
  }
  if (start > 0) context_.handler.end_batch(now);
  share.reset();
  taking_ = false;
  if (closed_ || start == 0) return;
  input_size_ -= start;
  std::memmove(input_.data(), input_.data() + start, input_size_);
  // A whole message is progress; a part of one is not, so that a message must
  // be complete within the time-out.
  touch();
}

std::shared_ptr<ReplySink> TcpSession::share_of_answers() {
  std::shared_ptr<ReplySink> share = under_way_.lock();
  if (share) return share;
  // under_way_ keeps the deleter in memory, so the deleter must let go of the
  // session: else the session would keep itself.
  share = std::shared_ptr<ReplySink>(
      this, [self = shared_from_this()](ReplySink*) mutable {
        std::exchange(self, nullptr)->go_on();
      });
  under_way_ = share;
  return share;
}

void TcpSession::answer(std::span<const std::uint8_t> message,
                        TimePoint received,
                        const std::shared_ptr<ReplySink>& share) {
  Reply reply;
  reply.sink = this;
  reply.session = share;
  reply.peer = peer_;
  reply.tier = tier_;
  reply.transport = Transport::kTcp;
  reply.received = received;
  context_.handler.handle(message, reply);
}

void TcpSession::send(std::span<const std::uint8_t> message, const Peer&) {
  if (closed_ || message.size() > kMaxMessage) return;
  if (output_.size() + message.size() > kMaxOutput) return close();
  output_.push_back(static_cast<std::uint8_t>(message.size() >> 8));
  output_.push_back(static_cast<std::uint8_t>(message.size()));
  output_.insert(output_.end(), message.begin(), message.end());
  if (!taking_) write();
}

void TcpSession::write() {
  if (closed_ || sending_) return;
  if (written_ == writing_.size()) {
    writing_.clear();
    written_ = 0;
    std::swap(writing_, output_);
  }
  if (writing_.empty()) return;
  sending_ = true;
  socket_.async_write_some(
      boost::asio::buffer(writing_.data() + written_,
                          writing_.size() - written_),
      [self = shared_from_this()](const boost::system::error_code& error,
                                  std::size_t count) {
        self->sending_ = false;
        if (self->closed_) return;
        if (error) return self->close();
        self->on_written(count);
      });
}

void TcpSession::on_written(std::size_t count) {
  written_ += count;
  touch();
  go_on();
}

// Takes up what limits had stopped, and closes when there is no more to do.
void TcpSession::go_on() {
  if (closed_ || taking_) return;
  if (!reading_) take_messages();
  write();
  if (closed_) return;
  if (finished_ && is_idle()) return close();
  if (winding_down_ && is_idle()) part();
  read();
}

void TcpSession::touch() {
  deadline_ =
      std::chrono::steady_clock::now() + sessions_.settings().idle_timeout;
  if (!closed_) sessions_.touch(*this);
}

void TcpSession::start_timer() {
  timer_.expires_at(deadline_);
  timer_.async_wait(
      [self = shared_from_this()](const boost::system::error_code& error) {
        if (!error && !self->closed_) self->on_timer();
      });
}

void TcpSession::on_timer() {
  const bool waits_for_answers = !under_way_.expired() && !sending_;
  if (waits_for_answers) {
    // Not the client's fault, and bounded by the forwarder's patience.
    touch();
  }
  if (std::chrono::steady_clock::now() < deadline_) return start_timer();
  context_.counters.tcp_idle_closed.add();
  close();
}

}  // namespace canopy
