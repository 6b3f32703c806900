// A TLS connection to one upstream (RFC 7858), for many queries at a time.
// After the connection was closed, the next query opens a new one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "server/forward/sent_questions.h"
#include "server/forward/tls_context.h"
#include "server/forward/upstream_channel.h"
#include "server/net/address.h"

namespace canopy {

class TlsChannel final : public UpstreamChannel {
 public:
  TlsChannel(boost::asio::io_context& io, const SocketAddress& server,
             std::shared_ptr<TlsContext> tls);
  ~TlsChannel() override;
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  void send(std::span<const std::uint8_t> question,
            std::unique_ptr<Receiver> receiver) override;
  // Also gives up a handshake that takes longer than kPatience.
  void tick(TimePoint now) override;
  std::size_t outstanding() const override { return questions_.waiting(); }
  std::size_t sent() const override { return questions_.sent(); }

 private:
  // Outlives the channel while Asio still holds a handler.
  class Connection;

  void on_closed();

  boost::asio::io_context& io_;
  const SocketAddress server_;
  const std::shared_ptr<TlsContext> tls_;
  std::shared_ptr<Connection> connection_;  // null: none is open
  SentQuestions questions_;
};

}  // namespace canopy
