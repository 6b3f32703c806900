// A certificate authority, a server's and a client's certificate, made anew
// for each run of the tests.
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>

#include "kubewatch/access/tls_material.h"

namespace canopy::kube {

struct TestCertificates {
  std::string authority;
  std::string server, server_key;  // for 127.0.0.1 and api.example
  std::string client, client_key;  // CN=tester
};

namespace test_certificates_detail {

inline std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

inline std::string pem_of(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  return text_of(bio);
}

inline std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio);
}

inline void extend(X509* certificate, X509* issuer, int nid,
                   const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

inline CertificatePtr unsigned_certificate(const char* name, EVP_PKEY* key,
                                           long serial) {
  CertificatePtr certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

inline TestCertificates make() {
  const KeyPtr authority_key(EVP_EC_gen("P-256"));
  const KeyPtr server_key(EVP_EC_gen("P-256"));
  const KeyPtr client_key(EVP_EC_gen("P-256"));
  const auto sign = [&](X509* certificate, X509* issuer) {
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    X509_sign(certificate, authority_key.get(), EVP_sha256());
  };
  const auto authority =
      unsigned_certificate("test authority", authority_key.get(), 1);
  extend(authority.get(), authority.get(), NID_basic_constraints,
         "critical,CA:TRUE");
  sign(authority.get(), authority.get());
  const auto server = unsigned_certificate("server", server_key.get(), 2);
  extend(server.get(), authority.get(), NID_subject_alt_name,
         "IP:127.0.0.1,DNS:api.example");
  sign(server.get(), authority.get());
  const auto client = unsigned_certificate("tester", client_key.get(), 3);
  sign(client.get(), authority.get());
  return {pem_of(authority.get()), pem_of(server.get()),
          pem_of(server_key.get()), pem_of(client.get()),
          pem_of(client_key.get())};
}

}  // namespace test_certificates_detail

inline const TestCertificates& test_certificates() {
  static const TestCertificates made = test_certificates_detail::make();
  return made;
}

}  // namespace canopy::kube
