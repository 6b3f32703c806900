// A name server that says what a test tells it to, over UDP and TCP on one
// port of 127.0.0.1, on the test's own io_context and thread.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace canopy {

using Message = std::vector<std::uint8_t>;

// A reply to `query`, with this rcode and, if any, this TXT record.
inline Message reply_to(const Message& query, std::uint8_t rcode,
                        std::optional<std::string_view> text) {
  Message reply = query;
  reply[2] |= 0x84;  // QR, AA
  reply[3] = rcode;
  if (!text) return reply;
  reply[7] = 1;  // ANCOUNT
  const auto size = static_cast<std::uint8_t>(text->size());
  for (const int octet : {0xc0, 12, 0, 16, 0, 1, 0, 0, 0x70, 0x80, 0, size + 1,
                          static_cast<int>(size)}) {
    reply.push_back(static_cast<std::uint8_t>(octet));
  }
  reply.insert(reply.end(), text->begin(), text->end());
  return reply;
}

class ScriptedServer {
 public:
  // Nothing: it stays silent.
  using Script = std::function<std::optional<Message>(const Message&)>;

  ScriptedServer(boost::asio::io_context& io, Script script)
      : script_(std::move(script)), udp_(io), tcp_(io) {
    // A port that is free for one transport need not be for the other.
    while (!bind_both()) {
    }
    receive();
    accept();
  }

  boost::asio::ip::udp::endpoint endpoint() const {
    return udp_.local_endpoint();
  }
  void speak(Script script) { script_ = std::move(script); }
  void stop_tcp() { tcp_.close(); }
  int udp_queries() const { return udp_queries_; }
  int tcp_queries() const { return tcp_queries_; }
  int tcp_connections() const { return tcp_connections_; }
  // That datagrams came from.
  std::size_t udp_ports() const { return udp_ports_.size(); }

 private:
  using Error = boost::system::error_code;

  bool bind_both() {
    const auto loopback = boost::asio::ip::address_v4::loopback();
    tcp_ = {tcp_.get_executor(), {loopback, 0}};
    udp_ = boost::asio::ip::udp::socket(udp_.get_executor(),
                                        boost::asio::ip::udp::v4());
    Error error;
    udp_.bind({loopback, tcp_.local_endpoint().port()}, error);
    return !error;
  }

  void receive() {
    udp_.async_receive_from(
        boost::asio::buffer(in_), client_,
        [this](const Error& error, std::size_t size) {
          if (error) return;
          ++udp_queries_;
          udp_ports_.insert(client_.port());
          if (const auto reply = script_({in_.begin(), in_.begin() + size})) {
            udp_.send_to(boost::asio::buffer(*reply), client_);
          }
          receive();
        });
  }

  struct Connection {
    explicit Connection(boost::asio::ip::tcp::socket with)
        : socket(std::move(with)) {}
    boost::asio::ip::tcp::socket socket;
    std::array<std::uint8_t, 2> size{};
    Message message;
  };

  void accept() {
    tcp_.async_accept(
        [this](const Error& error, boost::asio::ip::tcp::socket socket) {
          if (error) return;
          ++tcp_connections_;
          read(std::make_shared<Connection>(std::move(socket)));
          accept();
        });
  }

  void read(const std::shared_ptr<Connection>& to) {
    boost::asio::async_read(
        to->socket, boost::asio::buffer(to->size),
        [this, to](const Error& error, std::size_t) {
          if (error) return;
          to->message.resize(to->size[0] * 256u + to->size[1]);
          boost::asio::async_read(to->socket, boost::asio::buffer(to->message),
                                  [this, to](const Error& failed, std::size_t) {
                                    if (!failed) answer(to);
                                  });
        });
  }

  void answer(const std::shared_ptr<Connection>& to) {
    ++tcp_queries_;
    if (const auto reply = script_(to->message)) {
      to->message = *reply;
      const std::size_t size = reply->size();
      to->message.insert(to->message.begin(),
                         {static_cast<std::uint8_t>(size >> 8),
                          static_cast<std::uint8_t>(size & 0xff)});
      Error ignored;  // the client may be gone
      boost::asio::write(to->socket, boost::asio::buffer(to->message), ignored);
    }
    read(to);
  }

  Script script_;
  boost::asio::ip::udp::socket udp_;
  boost::asio::ip::tcp::acceptor tcp_;
  boost::asio::ip::udp::endpoint client_;
  std::array<std::uint8_t, 2048> in_{};
  std::set<std::uint16_t> udp_ports_;
  int udp_queries_ = 0;
  int tcp_queries_ = 0;
  int tcp_connections_ = 0;
};

}  // namespace canopy
