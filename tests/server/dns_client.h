// Plain sockets that query a server on loopback.  A receive that takes too long
// fails and never hangs.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>

#include "server/config/text_values.h"
#include "server/net/file_descriptor.h"

namespace canopy {

// `source` is a loopback address; each one is another client.
inline FileDescriptor connected(const SocketAddress& server, int type,
                                const char* source = "127.0.0.1") {
  FileDescriptor fd(
      ::socket(server.protocol().family(), type | SOCK_CLOEXEC, 0));
  const timeval patience{20, 0};
  ::setsockopt(fd.number(), SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof patience);
  if (server.protocol().family() == AF_INET) {
    const SocketAddress own(address_value(source), 0);
    REQUIRE(::bind(fd.number(), own.data(),
                   static_cast<socklen_t>(own.size())) == 0);
  }
  REQUIRE(::connect(fd.number(), server.data(),
                    static_cast<socklen_t>(server.size())) == 0);
  return fd;
}

// Receives only from the address it sends to.
class UdpClient {
 public:
  explicit UdpClient(const SocketAddress& server)
      : fd_(connected(server, SOCK_DGRAM)) {
    const int octets = 4 << 20;
    ::setsockopt(fd_.number(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  }
  void send(std::string_view message) const {
    REQUIRE(::send(fd_.number(), message.data(), message.size(), 0) ==
            static_cast<ssize_t>(message.size()));
  }
  std::string receive() const {
    std::string message(65536, '\0');
    const ssize_t size =
        ::recv(fd_.number(), message.data(), message.size(), 0);
    REQUIRE(size >= 0);
    message.resize(static_cast<std::size_t>(size));
    return message;
  }
  std::string ask(std::string_view message) const {
    send(message);
    return receive();
  }

 private:
  FileDescriptor fd_;
};

inline std::string framed(std::string_view message) {
  std::string text{static_cast<char>(message.size() >> 8),
                   static_cast<char>(message.size())};
  return text.append(message);
}

class TcpClient {
 public:
  explicit TcpClient(const SocketAddress& server,
                     const char* source = "127.0.0.1")
      : fd_(connected(server, SOCK_STREAM, source)) {}

  // Returns false when the server has closed the connection.
  bool send_octets(std::string_view octets) const {
    while (!octets.empty()) {
      const ssize_t count =
          ::send(fd_.number(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool send(std::string_view message) const {
    return send_octets(framed(message));
  }
  void close_sending_side() const { ::shutdown(fd_.number(), SHUT_WR); }

  // Returns the next message; nothing when the server has closed the
  // connection.
  std::optional<std::string> receive() const {
    const auto length = octets(2);
    if (!length) return std::nullopt;
    return octets(
        static_cast<std::size_t>(static_cast<unsigned char>((*length)[0]) << 8 |
                                 static_cast<unsigned char>((*length)[1])));
  }
  std::string ask(std::string_view message) const {
    REQUIRE(send(message));
    const auto reply = receive();
    REQUIRE(reply.has_value());
    return *reply;
  }
  bool is_closed_by_server() const {
    char octet;
    const ssize_t count = ::recv(fd_.number(), &octet, 1, 0);
    return count == 0 || (count < 0 && errno == ECONNRESET);
  }
  // Does not wait.
  bool is_open() const {
    char octet;
    return ::recv(fd_.number(), &octet, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           errno == EAGAIN;
  }
  int number() const { return fd_.number(); }

 private:
  std::optional<std::string> octets(std::size_t count) const {
    std::string text(count, '\0');
    if (count == 0) return text;
    const ssize_t size = ::recv(fd_.number(), text.data(), count, MSG_WAITALL);
    if (size != static_cast<ssize_t>(count)) return std::nullopt;
    return text;
  }

  FileDescriptor fd_;
};

}  // namespace canopy
