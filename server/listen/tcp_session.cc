#include "server/listen/tcp_session.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "server/listen/tcp_sessions.h"
#include "zones/octets.h"

namespace canopy {
namespace {

constexpr std::size_t kLengthSize = 2;
constexpr std::size_t kMaxMessage = 65535;
// The size of one read, enough for a burst of queries.  Octets that limits
// leave unprocessed fit the connection's prepaid input.
constexpr std::size_t kRead = TcpInput::kPrepaid;

std::size_t length_at(const std::uint8_t* octets) {
  return load16({octets, kLengthSize}, 0);
}

}  // namespace

TcpSession::TcpSession(const ListenerContext& context, TcpSessions& sessions,
                       boost::asio::ip::tcp::socket socket, const Peer& peer,
                       ListenerId listener)
    : context_(context),
      sessions_(sessions),
      socket_(std::move(socket)),
      timer_(context.io),
      peer_(peer),
      listener_(listener),
      input_(sessions.budget(), client_of(peer.address)),
      output_(sessions.budget(), client_of(peer.address)) {}

TcpSession::~TcpSession() = default;

void TcpSession::start() {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  touch();
  start_timer();
  wait_readable();
}

bool TcpSession::is_idle() const {
  return under_way_.expired() && output_.empty();
}

void TcpSession::wind_down() {
  winding_down_ = true;
  go_on();
}

void TcpSession::finish() {
  finished_ = true;
  go_on();
}

void TcpSession::shed(Count& counter) {
  counter.add();
  close();
}

void TcpSession::close() {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  sessions_.remove(*this);
}

void TcpSession::wait_readable() {
  if (awaits_read_ || closed_ || finished_ || !has_room()) return;
  awaits_read_ = true;
  socket_.async_wait(
      boost::asio::ip::tcp::socket::wait_read,
      [self = shared_from_this()](const boost::system::error_code& error) {
        self->awaits_read_ = false;
        if (self->closed_) return;
        if (error) return self->close();
        self->on_readable();
      });
}

void TcpSession::on_readable() {
  // Answers may have queued up since the wait began; then the session reads
  // later.
  if (!has_room()) return;
  std::span<std::uint8_t> room = sessions_.read_buffer();
  if (input_.empty()) room = room.first(kRead);
  boost::system::error_code error;
  const std::size_t count =
      socket_.read_some(boost::asio::buffer(room.data(), room.size()), error);
  if (error == boost::asio::error::would_block) return wait_readable();
  if (error == boost::asio::error::eof) return finish();
  if (error) return close();
  on_read(room.first(count));
}

void TcpSession::on_read(std::span<const std::uint8_t> octets) {
  if (input_.empty()) octets = octets.subspan(take_messages(octets));
  if (closed_) return;
  if (!input_.add(octets)) return shed(context_.counters.tcp_shed_questions);
  go_on();
}

bool TcpSession::has_room(long held) const {
  const auto under_way =
      static_cast<std::size_t>(under_way_.use_count() - held);
  return !closed_ && under_way < sessions_.settings().max_in_flight &&
         output_.empty();
}

std::size_t TcpSession::take_messages(std::span<const std::uint8_t> octets) {
  taking_ = true;
  const bool is_batch = sessions_.batch().begin(*this);
  const TimePoint now = std::chrono::steady_clock::now();
  std::size_t start = 0;
  std::shared_ptr<ReplySink> share;  // all messages share one
  while (has_room(share ? 1 : 0) && octets.size() - start >= kLengthSize) {
    const std::size_t length = length_at(octets.data() + start);
    const std::size_t end = start + kLengthSize + length;
    if (end > octets.size()) break;
    if (!share) share = share_of_answers();
    answer(octets.subspan(start + kLengthSize, length), now, share);
    start = end;
  }
  if (start > 0) context_.handler.end_batch(now);
  if (is_batch) {
    flush_batch();
    sessions_.batch().end();
  }
  share.reset();
  taking_ = false;
  // Only a whole message restarts the idle time-out, so a message must be
  // complete within that time.
  if (start > 0) touch();
  return start;
}

std::shared_ptr<ReplySink> TcpSession::share_of_answers() {
  std::shared_ptr<ReplySink> share = under_way_.lock();
  if (share) return share;
  // under_way_ keeps the deleter in memory.  The deleter must release the
  // session, or the session would keep itself alive.
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
  reply.listener = listener_;
  reply.transport = Transport::kTcp;
  reply.received = received;
  context_.handler.handle(message, reply);
}

void TcpSession::send(std::span<const std::uint8_t> message, const Peer&) {
  if (message.size() > kMaxMessage) return;
  std::array<std::uint8_t, kLengthSize> length{};
  store16(length, 0, message.size());
  TcpBatch& batch = sessions_.batch();
  if (batch.is_of(*this)) {
    const std::size_t size = length.size() + message.size();
    if (!batch.has_room_for(size)) flush_batch();
    if (output_.empty() && batch.has_room_for(size)) {
      batch.add(length);
      return batch.add(message);
    }
  }
  put({length, message});
  if (!taking_) go_on_later();
}

void TcpSession::flush_batch() {
  TcpBatch& batch = sessions_.batch();
  put({batch.octets()});
  batch.clear();
}

void TcpSession::put(const Octets2& octets) {
  if (closed_) return;
  std::size_t sent = output_.empty() ? write(octets) : 0;
  if (closed_) return;
  for (std::span<const std::uint8_t> part : octets) {
    const std::size_t first = std::min(sent, part.size());
    sent -= first;
    if (output_.add(part.subspan(first))) continue;
    return shed(context_.counters.tcp_shed_answers);
  }
  if (!output_.empty()) wait_writable();
}

std::size_t TcpSession::write(const Octets2& octets) {
  const auto [first, second] = octets;
  if (first.empty()) return 0;
  const std::array<boost::asio::const_buffer, 2> buffers = {
      boost::asio::const_buffer(first.data(), first.size()),
      boost::asio::const_buffer(second.data(), second.size())};
  boost::system::error_code error;
  const std::size_t count = socket_.write_some(buffers, error);
  if (error && error != boost::asio::error::would_block) close();
  if (count > 0) touch();
  return count;
}

void TcpSession::wait_writable() {
  if (awaits_write_) return;
  awaits_write_ = true;
  socket_.async_wait(
      boost::asio::ip::tcp::socket::wait_write,
      [self = shared_from_this()](const boost::system::error_code& error) {
        self->awaits_write_ = false;
        if (self->closed_) return;
        if (error) return self->close();
        self->on_writable();
      });
}

void TcpSession::on_writable() {
  while (!output_.empty()) {
    const std::span<const std::uint8_t> octets = output_.front();
    const std::size_t count = write({octets});
    if (closed_) return;
    output_.drop(count);
    if (count < octets.size()) return wait_writable();
  }
  go_on();
}

// Continues reading after a limit, or closes when nothing is left.
void TcpSession::go_on() {
  if (closed_ || taking_) return;
  if (!input_.empty()) input_.drop(take_messages(input_.octets()));
  if (closed_) return;
  boost::system::error_code gone;
  const bool is_over = finished_ || (winding_down_ && input_.empty() &&
                                     socket_.available(gone) == 0);
  if (is_over && is_idle()) return close();
  wait_readable();
}

void TcpSession::go_on_later() {
  if (closed_ || goes_on_ || awaits_read_ || !output_.empty()) return;
  goes_on_ = true;
  boost::asio::post(context_.io, [self = shared_from_this()] {
    self->goes_on_ = false;
    self->go_on();
  });
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
  const bool waits_for_answers = !under_way_.expired() && output_.empty();
  if (waits_for_answers) {
    // A wait for upstreams is not the client's fault; the forwarder bounds it.
    touch();
  }
  if (std::chrono::steady_clock::now() < deadline_) return start_timer();
  context_.counters.tcp_idle_closed.add();
  close();
}

}  // namespace canopy
