// What the TLS connections to one upstream share: the certificates, the name to
// verify, and the last session, which makes the next handshake shorter.  On one
// thread.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "server/net/address.h"
#include "server/plan/tls_upstream.h"

namespace canopy {

class TlsContext {
 public:
  // Throws ConfigurationError for texts that are not PEM, or a key that does
  // not match its certificate.
  explicit TlsContext(const TlsUpstream& upstream);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  boost::asio::ssl::context& context() { return context_; }
  // Sets the name to verify and the session to resume.  REQUIRES: `connection`
  // is of context(), and its handshake has not begun.
  void prepare(SSL* connection, const SocketAddress& server) const;
  // Call this before a connection is closed, or OpenSSL forgets its session.
  // Messages have lengths, so a close_notify would tell nothing.
  static void end(SSL* connection);
  // Logs why a handshake failed, unless the last one failed for the same
  // reason.  An empty `reason`: the handshake succeeded.
  void note_handshake(const SocketAddress& server, const std::string& reason);

 private:
  struct EndSession {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };

  static int keep_session(SSL* connection, SSL_SESSION* session);

  const std::string server_name_;
  boost::asio::ssl::context context_{boost::asio::ssl::context::tls_client};
  std::unique_ptr<SSL_SESSION, EndSession> session_;
  std::string failure_;  // of the last handshake
};

}  // namespace canopy
