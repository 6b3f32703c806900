#include "kubewatch/access/base64.h"

#include <openssl/evp.h>

#include <memory>

namespace canopy::kube {

namespace {

struct FreeContext {
  void operator()(EVP_ENCODE_CTX* context) const {
    EVP_ENCODE_CTX_free(context);
  }
};

unsigned char* octets_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string to_base64(std::string_view octets) {
  // OpenSSL writes a NUL after the text.
  std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(octets_of(text), octets_of(octets),
                                   static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  // OpenSSL reads '-' as the end of a PEM block and ignores the rest.
  if (text.size() > kMaxBase64 || text.find('-') != text.npos) {
    return std::nullopt;
  }
  const std::unique_ptr<EVP_ENCODE_CTX, FreeContext> context(
      EVP_ENCODE_CTX_new());
  EVP_DecodeInit(context.get());
  std::string octets((text.size() + 3) / 4 * 3, '\0');
  int size = 0;
  int rest = 0;
  if (EVP_DecodeUpdate(context.get(), octets_of(octets), &size, octets_of(text),
                       static_cast<int>(text.size())) < 0 ||
      EVP_DecodeFinal(context.get(), octets_of(octets) + size, &rest) < 0) {
    return std::nullopt;
  }
  octets.resize(static_cast<std::size_t>(size) +
                static_cast<std::size_t>(rest));
  return octets;
}

}  // namespace canopy::kube
