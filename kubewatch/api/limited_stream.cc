#include "kubewatch/api/limited_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace canopy::kube {

// --- LineLimits -----------------------------------------------------------

bool LineLimits::take(char octet) {
  constexpr std::string_view kStatus = "HTTP/";
  if (fault_ != nullptr) return false;
  if (line_ == 0) is_status_ = true;
  if (line_ < kStatus.size() && octet != kStatus[line_]) is_status_ = false;
  ++line_;
  if (++lines_ > kMaxLines) return fail("the headers are longer than 64 KiB");
  if (octet == '\n') {
    line_ = 0;
    return true;
  }
  if (is_status_ && line_ > kMaxStatusLine) {
    return fail("the status line is longer than 1 KiB");
  }
  return line_ <= kMaxLine || fail("a header line is longer than 8 KiB");
}

bool LineLimits::fail(const char* why) {
  fault_ = why;
  return false;
}

// --- LimitedStream --------------------------------------------------------

LimitedStream::LimitedStream(socket_t socket, SSL* ssl, Timeouts timeouts)
    : socket_(socket), ssl_(ssl), timeouts_(timeouts) {}

bool LimitedStream::wait(short events,
                         std::chrono::milliseconds timeout) const {
  pollfd one{socket_, events, 0};
  int ready = 0;
  do {
    ready = ::poll(&one, 1, static_cast<int>(timeout.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool LimitedStream::is_readable() const {
  return has_rest() || wait(POLLIN, timeouts_.read);
}

bool LimitedStream::is_writable() const {
  return wait(POLLOUT, timeouts_.write);
}

ssize_t LimitedStream::read(char* to, std::size_t size) {
  if (!has_rest()) {
    const ssize_t got = fill();
    if (got <= 0) return got;
    at_ = 0;
    end_ = static_cast<std::size_t>(got);
  }
  const std::size_t taken = std::min(size, end_ - at_);
  std::copy_n(buffer_.data() + at_, taken, to);
  at_ += taken;
  if (size > 1) {
    limits_.take_body();
  } else if (taken == 1 && !limits_.take(*to)) {
    return -1;
  }
  return static_cast<ssize_t>(taken);
}

ssize_t LimitedStream::fill() {
  if (ssl_ != nullptr) return fill_from_tls();
  if (!wait(POLLIN, timeouts_.read)) return -1;
  ssize_t got = 0;
  do {
    got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
  } while (got < 0 && errno == EINTR);
  return got;
}

// Waits until the socket is ready for OpenSSL's next step.  False on an error
// or a timeout.
bool LimitedStream::wait_for_tls(int result) const {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN, timeouts_.read);
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT, timeouts_.write);
    default:
      return false;
  }
}

// TLS records without data (session tickets) cause another iteration; the
// reflector's clock ends an endless series of them.
ssize_t LimitedStream::fill_from_tls() {
  int got = 0;
  do {
    ERR_clear_error();
    got = SSL_read(ssl_, buffer_.data(), static_cast<int>(buffer_.size()));
  } while (got <= 0 && wait_for_tls(got));
  if (got > 0) return got;
  return SSL_get_error(ssl_, got) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

ssize_t LimitedStream::write(const char* from, std::size_t size) {
  constexpr std::size_t kMost = 1 << 20;
  const std::size_t some = std::min(size, kMost);
  if (ssl_ == nullptr) {
    return is_writable() ? ::send(socket_, from, some, MSG_NOSIGNAL) : -1;
  }
  int sent = 0;
  do {
    ERR_clear_error();
    sent = SSL_write(ssl_, from, static_cast<int>(some));
  } while (sent <= 0 && wait_for_tls(sent));
  return sent > 0 ? sent : -1;
}

}  // namespace canopy::kube
