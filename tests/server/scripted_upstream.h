// A DNS server on 127.0.0.1, over UDP and TCP, whose answers a test sets.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "server/net/address.h"
#include "server/observe/query_counters.h"
#include "zones/rrset.h"

namespace canopy {

using Messages = std::vector<Octets>;

// The answer of a test's server to one query.
struct TestReply {
  int rcode = 0;
  int addresses = 1;  // A records 10.0.0.1, 10.0.0.2, ...
  bool truncated = false;
  bool authentic_data = false;
  bool with_opt = true;
};

// Returns the end of the question section, where our OPT record starts.
inline std::size_t question_end(const Octets& message) {
  std::size_t end = 12;
  while (message[end] != 0) end += message[end] + 1u;
  return end + 5;
}

inline int question_type(const Octets& message) {
  const std::size_t end = question_end(message);
  return message[end - 4] << 8 | message[end - 3];
}

// True for a health check, which tests an upstream after clients' queries
// failed and before its first use.
inline bool is_health_check(const Octets& question) {
  return question_type(question) == 2;  // NS
}

inline Octets reply_to(const Octets& question, const TestReply& reply = {}) {
  const std::size_t end = question_end(question);
  Octets message(question.begin(),
                 question.begin() + static_cast<std::ptrdiff_t>(end));
  const int count = reply.truncated ? 0 : reply.addresses;
  message[2] = static_cast<std::uint8_t>(0x81 | (reply.truncated ? 2 : 0));
  message[3] = static_cast<std::uint8_t>(0x80 | (question[3] & 0x10) |
                                         (reply.authentic_data ? 0x20 : 0) |
                                         reply.rcode);
  message[6] = static_cast<std::uint8_t>(count >> 8);
  message[7] = static_cast<std::uint8_t>(count);
  message[10] = 0;
  message[11] = reply.with_opt ? 1 : 0;
  for (int i = 0; i < count; ++i) {
    for (const int octet : {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0,
                            (i + 1) >> 8, (i + 1) & 255}) {
      message.push_back(static_cast<std::uint8_t>(octet));
    }
  }
  if (reply.with_opt) {
    const bool dnssec_ok =
        question.size() > end + 7 && (question[end + 7] & 0x80) != 0;
    for (const int octet :
         {0, 0, 41, 4, 208, 0, 0, dnssec_ok ? 0x80 : 0, 0, 0, 0}) {
      message.push_back(static_cast<std::uint8_t>(octet));
    }
  }
  return message;
}

class ScriptedUpstream {
 public:
  // Returns the messages to answer with; none means silence.  Also called for
  // health checks, which are counted separately.
  using Script = std::function<Messages(const Octets& question, Transport)>;

  explicit ScriptedUpstream(Script script) : script_(std::move(script)) {
    bind();
    receive();
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~ScriptedUpstream() {
    io_.stop();
    thread_.join();
  }

  SocketAddress endpoint() const { return udp_.local_endpoint(); }
  void refuse_tcp() {
    boost::asio::post(io_, [this] { acceptor_.close(); });
  }
  int asked() const { return asked_; }
  int health_checks() const { return health_checks_; }
  int asked_over_tcp() const { return asked_over_tcp_; }
  std::size_t source_ports() const {
    const std::lock_guard lock(mutex_);
    return ports_.size();
  }
  std::set<std::uint16_t> ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }

 private:
  using Tcp = boost::asio::ip::tcp;
  using Udp = boost::asio::ip::udp;

  struct Connection {
    explicit Connection(Tcp::socket accepted) : socket(std::move(accepted)) {}
    Tcp::socket socket;
    Octets octets;
  };

  // Binds one port that is free for both protocols.
  void bind() {
    const auto loopback = boost::asio::ip::address_v4::loopback();
    for (int attempt = 0;; ++attempt) {
      udp_ = Udp::socket(io_, Udp::endpoint(loopback, 0));
      acceptor_ = Tcp::acceptor(io_);
      acceptor_.open(Tcp::v4());
      boost::system::error_code error;
      acceptor_.bind({loopback, udp_.local_endpoint().port()}, error);
      if (!error) break;
      if (attempt == 20) throw boost::system::system_error(error);
    }
    acceptor_.listen();
  }

  Messages ask_script(const Octets& question, Transport transport) {
    if (is_health_check(question)) {
      ++health_checks_;
      return script_(question, transport);
    }
    ++asked_;
    if (transport == Transport::kTcp) ++asked_over_tcp_;
    {
      const std::lock_guard lock(mutex_);
      ids_.insert(static_cast<std::uint16_t>(question[0] << 8 | question[1]));
      if (transport == Transport::kUdp) ports_.insert(client_.port());
    }
    return script_(question, transport);
  }

  void receive() {
    buffer_.resize(65535);
    udp_.async_receive_from(
        boost::asio::buffer(buffer_), client_,
        [this](const boost::system::error_code& error, std::size_t size) {
          if (error) return receive();
          buffer_.resize(size);
          for (const Octets& reply : ask_script(buffer_, Transport::kUdp)) {
            boost::system::error_code ignored;
            udp_.send_to(boost::asio::buffer(reply), client_, 0, ignored);
          }
          receive();
        });
  }

  void accept() {
    acceptor_.async_accept(
        [this](const boost::system::error_code& error, Tcp::socket socket) {
          if (!acceptor_.is_open()) return;
          if (!error) {
            read_length(std::make_shared<Connection>(std::move(socket)));
          }
          accept();
        });
  }

  void read_length(const std::shared_ptr<Connection>& connection) {
    connection->octets.resize(2);
    boost::asio::async_read(
        connection->socket, boost::asio::buffer(connection->octets),
        [this, connection](const boost::system::error_code& error,
                           std::size_t) {
          if (!error) read_question(connection);
        });
  }

  void read_question(const std::shared_ptr<Connection>& connection) {
    connection->octets.resize(static_cast<std::size_t>(connection->octets[0])
                                  << 8 |
                              connection->octets[1]);
    boost::asio::async_read(
        connection->socket, boost::asio::buffer(connection->octets),
        [this, connection](const boost::system::error_code& error,
                           std::size_t) {
          if (error) return;
          for (const Octets& reply :
               ask_script(connection->octets, Transport::kTcp)) {
            Octets framed{static_cast<std::uint8_t>(reply.size() >> 8),
                          static_cast<std::uint8_t>(reply.size())};
            framed.insert(framed.end(), reply.begin(), reply.end());
            boost::system::error_code ignored;
            boost::asio::write(connection->socket, boost::asio::buffer(framed),
                               ignored);
          }
          read_length(connection);
        });
  }

  const Script script_;
  boost::asio::io_context io_;
  Udp::socket udp_{io_};
  Tcp::acceptor acceptor_{io_};
  Octets buffer_;
  Udp::endpoint client_;
  std::atomic<int> asked_{0};
  std::atomic<int> asked_over_tcp_{0};
  std::atomic<int> health_checks_{0};
  mutable std::mutex mutex_;
  std::set<std::uint16_t> ports_;
  std::set<std::uint16_t> ids_;
  std::thread thread_;
};

}  // namespace canopy
