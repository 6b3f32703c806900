#include "kubewatch/access/tls_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "kubewatch/access/tls_material.h"

namespace canopy::kube {

namespace {

using Clock = std::chrono::steady_clock;

bool is_address(const std::string& name) {
  in6_addr address;
  return ::inet_pton(AF_INET, name.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

// False when `deadline` passes first.
bool wait_until(Clock::time_point deadline, int socket, short events) {
  pollfd one{socket, events, 0};
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const int ready = ::poll(
        &one, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

}  // namespace

TlsClient::TlsClient(Options options)
    : options_(std::move(options)), context_(SSL_CTX_new(TLS_client_method())) {
  if (!context_) throw std::runtime_error("TLS cannot be set up");
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION);
  if (!options_.insecure) trust();
  if (!options_.certificate_pem.empty()) identify();
}

void TlsClient::trust() {
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  if (!options_.authority_pem) {
    SSL_CTX_set_default_verify_paths(context_.get());
    return;
  }
  X509_STORE* store = SSL_CTX_get_cert_store(context_.get());
  for (const CertificatePtr& authority :
       certificates_from_pem(*options_.authority_pem)) {
    X509_STORE_add_cert(store, authority.get());
  }
}

void TlsClient::identify() {
  const auto chain = certificates_from_pem(options_.certificate_pem);
  const KeyPtr key = key_from_pem(options_.key_pem);
  SSL_CTX* context = context_.get();
  if (chain.empty() || !key ||
      SSL_CTX_use_certificate(context, chain.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    throw std::runtime_error("the client certificate and key do not match");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, chain[i].get());
  }
}

TlsClient::Session TlsClient::new_session(int socket) const {
  Session session(SSL_new(context_.get()));
  if (!session || SSL_set_fd(session.get(), socket) != 1) return nullptr;
  const char* const name = options_.name.c_str();
  if (is_address(options_.name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), name);
  } else {
    SSL_set_tlsext_host_name(session.get(), name);
    SSL_set_hostflags(session.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(session.get(), name);
  }
  return session;
}

SSL* TlsClient::connect(int socket, std::chrono::milliseconds most,
                        std::string& why) const {
  const auto deadline = Clock::now() + most;
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  Session session = new_session(socket);
  while (session) {
    ERR_clear_error();
    const int done = SSL_connect(session.get());
    if (done == 1) return session.release();
    const int error = SSL_get_error(session.get(), done);
    const bool reads = error == SSL_ERROR_WANT_READ;
    if (!reads && error != SSL_ERROR_WANT_WRITE) break;
    if (!wait_until(deadline, socket, reads ? POLLIN : POLLOUT)) break;
  }
  why = fault_of(session.get());
  return nullptr;
}

std::string TlsClient::fault_of(const SSL* session) const {
  const long result =
      session == nullptr ? X509_V_OK : SSL_get_verify_result(session);
  switch (result) {
    case X509_V_OK:
      return "the TLS handshake failed";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the server's certificate is for another name";
    default:
      if (options_.insecure) return "the TLS handshake failed";
      return std::string("the server's certificate is not trusted: ") +
             X509_verify_cert_error_string(result);
  }
}

}  // namespace canopy::kube
