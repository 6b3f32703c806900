// A DNS server over TLS on 127.0.0.1, on the test's io_context, with a
// certificate of its own that names "dns.example" and 127.0.0.1.
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <vector>

#include "server/net/address.h"

namespace canopy {

// A self-signed certificate and its key, as PEM.
struct TestCertificate {
  TestCertificate() {
    EVP_PKEY* const pair = EVP_EC_gen("P-256");
    X509* const made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -60);
    X509_gmtime_adj(X509_getm_notAfter(made), 86'400);
    X509_set_pubkey(made, pair);
    X509_NAME* const subject = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(
        subject, "CN", MBSTRING_ASC,
        reinterpret_cast<const unsigned char*>("dns.example"), -1, -1, 0);
    X509_set_issuer_name(made, subject);
    X509_EXTENSION* const names = X509V3_EXT_conf_nid(
        nullptr, nullptr, NID_subject_alt_name, "DNS:dns.example,IP:127.0.0.1");
    X509_add_ext(made, names, -1);
    X509_sign(made, pair, EVP_sha256());
    certificate = text_of([&](BIO* bio) { PEM_write_bio_X509(bio, made); });
    key = text_of([&](BIO* bio) {
      PEM_write_bio_PrivateKey(bio, pair, nullptr, nullptr, 0, nullptr,
                               nullptr);
    });
    X509_EXTENSION_free(names);
    X509_free(made);
    EVP_PKEY_free(pair);
  }

  std::string certificate;
  std::string key;

 private:
  template <typename Write>
  static std::string text_of(const Write& write) {
    BIO* const bio = BIO_new(BIO_s_mem());
    write(bio);
    char* octets = nullptr;
    const long size = BIO_get_mem_data(bio, &octets);
    std::string text(octets, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
};

class TlsPeer {
 public:
  explicit TlsPeer(boost::asio::io_context& io)
      : acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}) {
    context_.use_certificate_chain(
        boost::asio::buffer(certificate_.certificate));
    context_.use_private_key(boost::asio::buffer(certificate_.key),
                             boost::asio::ssl::context::pem);
    SSL_CTX_set_session_id_context(
        context_.native_handle(),
        reinterpret_cast<const unsigned char*>("test"), 4);
    accept();
  }

  SocketAddress endpoint() const {
    const auto local = acceptor_.local_endpoint();
    return {local.address(), local.port()};
  }
  const TestCertificate& certificate() const { return certificate_; }
  // Closes all connections, as a server does with idle ones.
  void close_connections() {
    for (const auto& weak : connections_) {
      const auto connection = weak.lock();
      boost::system::error_code ignored;
      if (connection) connection->lowest_layer().close(ignored);
    }
    connections_.clear();
  }

  int handshakes = 0;
  int resumed = 0;  // handshakes that resumed a session
  int queries = 0;
  bool answers = true;
  std::string server_name;  // the last SNI

 private:
  using Tcp = boost::asio::ip::tcp;
  using Stream = boost::asio::ssl::stream<Tcp::socket>;
  using Shared = std::shared_ptr<Stream>;
  using Error = boost::system::error_code;

  void accept() {
    acceptor_.async_accept([this](const Error& error, Tcp::socket socket) {
      if (error) return;
      auto stream = std::make_shared<Stream>(std::move(socket), context_);
      connections_.push_back(stream);
      stream->async_handshake(boost::asio::ssl::stream_base::server,
                              [this, stream](const Error& failed) {
                                if (!failed) begin(stream);
                              });
      accept();
    });
  }

  void begin(const Shared& stream) {
    ++handshakes;
    if (SSL_session_reused(stream->native_handle()) != 0) ++resumed;
    const char* const name =
        SSL_get_servername(stream->native_handle(), TLSEXT_NAMETYPE_host_name);
    server_name = name == nullptr ? "" : name;
    read(stream, std::make_shared<std::vector<std::uint8_t>>());
  }

  void read(const Shared& stream,
            const std::shared_ptr<std::vector<std::uint8_t>>& received) {
    auto piece = std::make_shared<std::array<std::uint8_t, 4096>>();
    stream->async_read_some(
        boost::asio::buffer(*piece),
        [=, this](const Error& error, std::size_t size) {
          if (error) return;
          received->insert(received->end(), piece->begin(),
                           piece->begin() + static_cast<std::ptrdiff_t>(size));
          reply(stream, *received);
          read(stream, received);
        });
  }

  // Replies to each whole query with itself and QR set.
  void reply(const Shared& stream, std::vector<std::uint8_t>& received) {
    while (received.size() >= 2) {
      const std::size_t size = received[0] * 256u + received[1] + 2u;
      if (received.size() < size) return;
      const auto end = received.begin() + static_cast<std::ptrdiff_t>(size);
      std::vector<std::uint8_t> message(received.begin(), end);
      received.erase(received.begin(), end);
      ++queries;
      if (!answers) continue;
      message[4] |= 0x80;
      boost::system::error_code ignored;
      boost::asio::write(*stream, boost::asio::buffer(message), ignored);
    }
  }

  const TestCertificate certificate_;
  boost::asio::ssl::context context_{boost::asio::ssl::context::tls_server};
  Tcp::acceptor acceptor_;
  std::vector<std::weak_ptr<Stream>> connections_;
};

}  // namespace canopy
