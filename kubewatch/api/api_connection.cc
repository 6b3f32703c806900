#include "kubewatch/api/api_connection.h"

#include <sys/socket.h>

#include <chrono>
#include <utility>

#include "kubewatch/api/limited_stream.h"

namespace canopy::kube {

namespace {

std::chrono::milliseconds in_milliseconds(time_t seconds, time_t microseconds) {
  return std::chrono::milliseconds(seconds * 1000 + microseconds / 1000);
}

}  // namespace

ApiConnection::ApiConnection(const std::string& host, int port,
                             std::unique_ptr<TlsClient> tls)
    : ClientImpl(host, port), tls_(std::move(tls)) {}

ApiConnection::~ApiConnection() { shutdown_ssl(socket_, false); }

bool ApiConnection::create_and_connect_socket(Socket& socket,
                                              httplib::Error& error) {
  if (!ClientImpl::create_and_connect_socket(socket, error)) return false;
  if (!tls_) return true;
  socket.ssl = tls_->connect(
      socket.sock,
      in_milliseconds(connection_timeout_sec_, connection_timeout_usec_),
      fault_);
  if (socket.ssl != nullptr) return true;
  error = httplib::Error::SSLConnection;
  shutdown_socket(socket);
  close_socket(socket);
  return false;
}

void ApiConnection::shutdown_ssl(Socket& socket, bool gracefully) {
  if (socket.ssl == nullptr) return;
  if (gracefully) SSL_shutdown(socket.ssl);
  SSL_free(std::exchange(socket.ssl, nullptr));
}

bool ApiConnection::process_socket(
    const Socket& socket, std::function<bool(httplib::Stream&)> exchange) {
  LimitedStream stream(
      socket.sock, socket.ssl,
      {in_milliseconds(read_timeout_sec_, read_timeout_usec_),
       in_milliseconds(write_timeout_sec_, write_timeout_usec_)});
  const bool done = exchange(stream);
  if (stream.fault() != nullptr) fault_ = stream.fault();
  // Data after a reply belongs to no request.  The connection is closed, so
  // that the next request does not read that data as its reply.
  if (stream.has_rest()) ::shutdown(socket.sock, SHUT_RDWR);
  return done;
}

}  // namespace canopy::kube
