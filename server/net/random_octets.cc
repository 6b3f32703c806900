#include "server/net/random_octets.h"

#include <sys/random.h>

#include <system_error>

namespace canopy {

std::uint16_t RandomOctets::next16() {
  if (left_ == 0) fill();
  return block_[--left_];
}

std::uint64_t RandomOctets::next64() {
  std::uint64_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 16 | next16();
  return value;
}

void RandomOctets::fill() {
  // The kernel returns up to 256 octets completely once it has entropy
  // (getrandom(2)).
  while (::getrandom(block_.data(), sizeof block_, 0) !=
         static_cast<ssize_t>(sizeof block_)) {
    if (errno == EINTR) continue;
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  left_ = block_.size();
}

}  // namespace canopy
