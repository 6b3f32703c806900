// A plain client on a socket, so that tests say what really crosses it.
// Reads fail the test after ten seconds instead of hanging it.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace canopy {

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port, const char* source = "127.0.0.1")
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(socket_ >= 0);
    const timeval patience{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, source, &address.sin_addr);
    REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address),
                 sizeof address) == 0);
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(socket_, reinterpret_cast<sockaddr*>(&address),
                    sizeof address) == 0);
  }
  ~HttpClient() { close(socket_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpClient& send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      REQUIRE(sent > 0);
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return *this;
  }

  HttpClient& get(std::string_view target) {
    return send("GET " + std::string(target) +
                " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }

  // All up to the end of the connection.
  std::string read_to_end() {
    while (receive()) {
    }
    return take(buffer_.size());
  }

  // Some octets; none at the end of the connection.
  std::string read_some() {
    receive();
    return take(buffer_.size());
  }

  // True when the server closed without (further) octets.
  bool is_closed() { return buffer_.empty() && !receive(); }

  // One answer with a Content-Length, header and body.
  std::string read_answer() {
    std::size_t head = 0;
    while ((head = buffer_.find("\r\n\r\n")) == std::string::npos) {
      REQUIRE(receive());
    }
    const auto field = buffer_.find("Content-Length: ");
    REQUIRE(field < head);
    const std::size_t size =
        head + 4 + std::strtoul(&buffer_[field + 16], nullptr, 10);
    while (buffer_.size() < size) REQUIRE(receive());
    return take(size);
  }

 private:
  // False at the end of the connection.
  bool receive() {
    std::array<char, 16384> piece{};
    const auto size = recv(socket_, piece.data(), piece.size(), 0);
    if (size < 0) {
      const bool waited_in_vain = errno == EAGAIN || errno == EWOULDBLOCK;
      REQUIRE_FALSE(waited_in_vain);
      return false;  // reset
    }
    buffer_.append(piece.data(), static_cast<std::size_t>(size));
    return size > 0;
  }

  std::string take(std::size_t size) {
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }

  int socket_;
  std::string buffer_;
};

inline std::string body_of(const std::string& answer) {
  const auto head = answer.find("\r\n\r\n");
  return head == std::string::npos ? "" : answer.substr(head + 4);
}

inline std::string status_of(const std::string& answer) {
  return answer.substr(0, answer.find("\r\n"));
}

}  // namespace canopy
