// Converts PEM text to OpenSSL objects.  Any thread.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace canopy::kube {

struct FreeTls {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using CertificatePtr = std::unique_ptr<X509, FreeTls>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeTls>;

// All certificates in the text; empty when there is none.
std::vector<CertificatePtr> certificates_from_pem(const std::string& pem);
// Null when there is no key, or the key needs a password.
KeyPtr key_from_pem(const std::string& pem);
bool belong_together(const X509& certificate, const EVP_PKEY& key);

}  // namespace canopy::kube
