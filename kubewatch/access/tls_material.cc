#include "kubewatch/access/tls_material.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

namespace canopy::kube {

namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

BioPtr bio_of(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Prevents OpenSSL from asking for a password at the terminal.
int no_password(char*, int, int, void*) { return 0; }

}  // namespace

std::vector<CertificatePtr> certificates_from_pem(const std::string& pem) {
  std::vector<CertificatePtr> all;
  const BioPtr bio = bio_of(pem);
  while (X509* one =
             PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) {
    all.emplace_back(one);
  }
  ERR_clear_error();  // the last read always fails with "no start line"
  return all;
}

KeyPtr key_from_pem(const std::string& pem) {
  const BioPtr bio = bio_of(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return key;
}

bool belong_together(const X509& certificate, const EVP_PKEY& key) {
  const bool match = X509_check_private_key(&certificate, &key) == 1;
  ERR_clear_error();
  return match;
}

}  // namespace canopy::kube
