// TLS to the API server: our certificate, the trusted authorities, and the
// handshake.
//
// Threads: one at a time.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace canopy::kube {

class TlsClient {
 public:
  struct Options {
    std::string name;  // expected in the certificate: a host or an address
    // The trusted authorities; not set: the system's authorities.
    std::optional<std::string> authority_pem;
    bool insecure = false;  // accepts any certificate
    // Our certificate with its chain, and our key; empty: none.
    std::string certificate_pem;
    std::string key_pem;
  };

  // Throws std::runtime_error when the certificate and key do not match.
  explicit TlsClient(Options options);

  // Does the handshake over a connected socket, and makes the socket
  // non-blocking.  Null when the handshake fails or takes longer than `most`;
  // `why` then has the reason.  The caller must call SSL_free().
  SSL* connect(int socket, std::chrono::milliseconds most,
               std::string& why) const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
  };
  using Session = std::unique_ptr<SSL, Free>;

  void trust();
  void identify();
  Session new_session(int socket) const;
  std::string fault_of(const SSL* session) const;

  Options options_;
  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace canopy::kube
