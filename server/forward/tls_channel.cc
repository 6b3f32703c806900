#include "server/forward/tls_channel.h"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <utility>
#include <vector>

#include "server/forward/forward_timing.h"
#include "zones/octets.h"

namespace canopy {
namespace {

using Tcp = boost::asio::ip::tcp;
using Octets = std::vector<std::uint8_t>;

constexpr std::size_t kLengthPrefix = 2;  // RFC 1035 4.2.2

}  // namespace

class TlsChannel::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(TlsChannel& channel, TimePoint now)
      : channel_(&channel),
        tls_(channel.tls_),
        server_(channel.server_),
        began_(now),
        stream_(channel.io_, tls_->context()) {}

  void open() {
    tls_->prepare(stream_.native_handle(), server_);
    stream_.lowest_layer().async_connect(
        Tcp::endpoint(server_.address(), server_.port()),
        [self = shared_from_this()](const auto& error) {
          self->on_connected(error);
        });
  }

  // Waits for its turn; the forwarder's limit on waiting queries bounds how
  // many do.
  void send(std::span<const std::uint8_t> question) {
    const std::size_t at = queued_.size();
    queued_.resize(at + kLengthPrefix);
    store16(queued_, at, question.size());
    queued_.insert(queued_.end(), question.begin(), question.end());
    if (is_open_ && writing_.empty()) write();
  }

  bool is_stuck(TimePoint now) const {
    return !is_open_ && now - began_ >= kPatience;
  }

  // No callback reaches the channel any more.
  void close() {
    channel_ = nullptr;
    if (is_open_) TlsContext::end(stream_.native_handle());
    boost::system::error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

 private:
  using Error = boost::system::error_code;

  void on_connected(const Error& error) {
    if (error) return fail();
    Error ignored;
    stream_.lowest_layer().set_option(Tcp::no_delay(true), ignored);
    stream_.async_handshake(boost::asio::ssl::stream_base::client,
                            [self = shared_from_this()](const Error& failed) {
                              self->on_handshake(failed);
                            });
  }

  void on_handshake(const Error& error) {
    if (channel_ == nullptr) return;
    tls_->note_handshake(server_, error ? reason_of(error) : std::string());
    if (error) return fail();
    is_open_ = true;
    read();
    if (!queued_.empty()) write();
  }

  // Says why a certificate was refused, as OpenSSL's error alone does not.
  std::string reason_of(const Error& error) {
    const long verified = SSL_get_verify_result(stream_.native_handle());
    return verified == X509_V_OK ? error.message()
                                 : X509_verify_cert_error_string(verified);
  }

  void write() {
    writing_.swap(queued_);
    boost::asio::async_write(
        stream_, boost::asio::buffer(writing_),
        [self = shared_from_this()](const Error& error, std::size_t) {
          self->on_written(error);
        });
  }

  void on_written(const Error& error) {
    if (error) return fail();
    writing_.clear();
    if (!queued_.empty()) write();
  }

  void read() {
    stream_.async_read_some(
        boost::asio::buffer(piece_),
        [self = shared_from_this()](const Error& error, std::size_t size) {
          self->on_read(error, size);
        });
  }

  void on_read(const Error& error, std::size_t size) {
    if (error) return fail();
    received_.insert(received_.end(), piece_.begin(),
                     piece_.begin() + static_cast<std::ptrdiff_t>(size));
    take_messages();
    if (channel_ != nullptr) read();
  }

  // A receiver may close this connection.
  void take_messages() {
    std::size_t at = 0;
    while (channel_ != nullptr && received_.size() - at >= kLengthPrefix) {
      const std::size_t size = load16(received_, at);
      if (received_.size() - at - kLengthPrefix < size) break;
      channel_->questions_.take(
          std::span(received_).subspan(at + kLengthPrefix, size));
      at += kLengthPrefix + size;
    }
    received_.erase(received_.begin(),
                    received_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void fail() {
    TlsChannel* const channel = channel_;
    if (channel == nullptr) return;
    close();
    channel->on_closed();
  }

  TlsChannel* channel_;  // null: closed
  const std::shared_ptr<TlsContext> tls_;
  const SocketAddress server_;
  const TimePoint began_;
  boost::asio::ssl::stream<Tcp::socket> stream_;
  bool is_open_ = false;  // the handshake is over
  Octets queued_;         // queries with their lengths, for the next write
  Octets writing_;        // empty: no write is in progress
  std::array<std::uint8_t, 4096> piece_;
  Octets received_;  // at most one message and a piece
};

TlsChannel::TlsChannel(boost::asio::io_context& io, const SocketAddress& server,
                       std::shared_ptr<TlsContext> tls)
    : io_(io), server_(server), tls_(std::move(tls)) {}

TlsChannel::~TlsChannel() {
  if (connection_) connection_->close();
}

void TlsChannel::send(std::span<const std::uint8_t> question,
                      std::unique_ptr<Receiver> receiver) {
  const TimePoint now = std::chrono::steady_clock::now();
  questions_.add(question, now, std::move(receiver));
  if (!connection_) {
    connection_ = std::make_shared<Connection>(*this, now);
    connection_->open();
  }
  connection_->send(question);
}

void TlsChannel::tick(TimePoint now) {
  questions_.expire(now);
  if (!connection_ || !connection_->is_stuck(now)) return;
  connection_->close();
  on_closed();
}

// Lets go of the connection first, because a receiver may send again.
void TlsChannel::on_closed() {
  connection_.reset();
  questions_.fail_all(Failure::kUnreachable);
}

}  // namespace canopy
