// The connection under cpp-httplib's client, with limits on the data that the
// library buffers before it can reject anything.  cpp-httplib itself has no
// limits: it stores any number of header lines of any length.  Version 0.11
// also matches the status line with a recursive std::regex, so that a line of
// 30,000 octets overflows the stack.
//
// cpp-httplib reads lines (status, headers, chunk sizes, trailers) one octet at
// a time, and bodies in larger pieces.  Therefore an octet that is read alone
// belongs to a line, whatever the framing is.
//
// Threads: one at a time.
#pragma once

#include <httplib.h>

#include <array>
#include <chrono>
#include <cstddef>

namespace canopy::kube {

// Limits on lines, fed octet by octet.
class LineLimits {
 public:
  // An API server's status line has 20 octets.  The regex needs about 300
  // octets of stack for each octet.
  static constexpr std::size_t kMaxStatusLine = 1 << 10;
  // cpp-httplib has the same limit, but checks it only after reading the line.
  static constexpr std::size_t kMaxLine = 8 << 10;
  // The limit on all lines between two pieces of a body: a header, or many in a
  // row (100 Continue).  Chunks of one octet look like lines; 10,000 of them in
  // a row are refused.
  static constexpr std::size_t kMaxLines = 64 << 10;

  // False when a limit is exceeded; fault() names the limit.
  bool take(char octet);
  void take_body() { lines_ = line_ = 0; }

  // "a header line is longer than 8 KiB"; null when no limit is exceeded.
  const char* fault() const { return fault_; }

 private:
  bool fail(const char* why);

  std::size_t line_ = 0;   // octets of the line so far
  std::size_t lines_ = 0;  // of all lines so far
  bool is_status_ = true;  // the line begins like a status line
  const char* fault_ = nullptr;
};

// Reads and writes like httplib's own streams, which are private to the library
// and cannot be wrapped.
class LimitedStream : public httplib::Stream {
 public:
  struct Timeouts {
    std::chrono::milliseconds read;   // the longest time without data
    std::chrono::milliseconds write;  // the longest wait for a writable socket
  };

  // `ssl` is null for plain TCP.  With TLS, the socket must be non-blocking.
  // `socket` and `ssl` must outlive the stream.
  LimitedStream(socket_t socket, SSL* ssl, Timeouts timeouts);

  bool is_readable() const override;
  bool is_writable() const override;
  // Returns 0 at the end of the stream, and a negative value on an error, a
  // timeout, or an exceeded limit.
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

  const char* fault() const { return limits_.fault(); }
  // True when unsolicited octets follow the response.
  bool has_rest() const { return at_ < end_; }

 private:
  bool wait(short events, std::chrono::milliseconds timeout) const;
  ssize_t fill();
  ssize_t fill_from_tls();
  bool wait_for_tls(int result) const;

  socket_t socket_;
  SSL* ssl_;
  Timeouts timeouts_;
  LineLimits limits_;
  std::array<char, 16 << 10> buffer_;  // the size of a TLS record
  std::size_t at_ = 0;
  std::size_t end_ = 0;
};

}  // namespace canopy::kube
