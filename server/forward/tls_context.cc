#include "server/forward/tls_context.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/buffer.hpp>

#include "healthz/configuration_error.h"
#include "healthz/log.h"

namespace canopy {
namespace {

// Where an SSL_CTX has a pointer to its TlsContext.  Asio uses app_data itself.
int owner_index() {
  static const int index =
      SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Without the interface of a link-local address, which no certificate has.
void set_address(X509_VERIFY_PARAM* wanted, const Address& address) {
  if (address.is_v4()) {
    const auto octets = address.to_v4().to_bytes();
    X509_VERIFY_PARAM_set1_ip(wanted, octets.data(), octets.size());
  } else {
    const auto octets = address.to_v6().to_bytes();
    X509_VERIFY_PARAM_set1_ip(wanted, octets.data(), octets.size());
  }
}

void require(const boost::system::error_code& error, const char* what) {
  if (!error) return;
  throw ConfigurationError(std::string("tls: ") + what + ": " +
                           error.message() + "; give a PEM file");
}

}  // namespace

TlsContext::TlsContext(const TlsUpstream& upstream)
    : server_name_(upstream.server_name) {
  boost::system::error_code error;
  context_.set_verify_mode(boost::asio::ssl::verify_peer);
  SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_2_VERSION);
  if (upstream.authorities.empty()) {
    context_.set_default_verify_paths();
  } else {
    context_.add_certificate_authority(
        boost::asio::buffer(upstream.authorities), error);
    require(error, "the certificate authorities");
  }
  if (!upstream.certificate.empty()) {
    context_.use_certificate_chain(boost::asio::buffer(upstream.certificate),
                                   error);
    require(error, "the certificate");
    context_.use_private_key(boost::asio::buffer(upstream.key),
                             boost::asio::ssl::context::pem, error);
    require(error, "the key");
  }
  SSL_CTX_set_session_cache_mode(
      context_.native_handle(),
      SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_set_ex_data(context_.native_handle(), owner_index(), this);
  SSL_CTX_sess_set_new_cb(context_.native_handle(), keep_session);
}

// OpenSSL calls this during a read or a handshake.
int TlsContext::keep_session(SSL* connection, SSL_SESSION* session) {
  auto* const self = static_cast<TlsContext*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), owner_index()));
  self->session_.reset(session);
  return 1;  // the session is ours now
}

void TlsContext::prepare(SSL* connection, const SocketAddress& server) const {
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(connection);
  if (server_name_.empty()) {
    set_address(wanted, server.address());
  } else {
    X509_VERIFY_PARAM_set1_host(wanted, server_name_.c_str(),
                                server_name_.size());
    SSL_set_tlsext_host_name(connection, server_name_.c_str());
  }
  if (session_) SSL_set_session(connection, session_.get());
}

void TlsContext::end(SSL* connection) {
  SSL_set_shutdown(connection, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsContext::note_handshake(const SocketAddress& server,
                                const std::string& reason) {
  if (reason == failure_) return;
  failure_ = reason;
  if (reason.empty()) {
    log_info("upstream {}: TLS handshakes succeed again", to_text(server));
  } else {
    log_warning("upstream {}: the TLS handshake failed: {}", to_text(server),
                reason);
  }
}

}  // namespace canopy
