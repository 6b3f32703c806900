// TLS towards the API server: who we are, whom we trust, and the handshake.
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
    std::string name;  // in the server's certificate: a host's, or an address
    // The trusted authorities; not set: the system's.
    std::optional<std::string> authority_pem;
    bool insecure = false;  // any certificate will do
    // Ours, its chain, and its key; empty: none.
    std::string certificate_pem;
    std::string key_pem;
  };

  // Throws std::runtime_error when the certificate and key do not fit.
  explicit TlsClient(Options options);

  // The handshake over a connected socket, which does not block from then on.
  // Null when it fails or takes longer than `most`; `why` says why.  The
  // caller calls SSL_free().
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
