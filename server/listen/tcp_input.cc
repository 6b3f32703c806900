#include "server/listen/tcp_input.h"

namespace canopy {

bool TcpInput::add(std::span<const std::uint8_t> more) {
  const std::size_t size = octets_.size() + more.size();
  if (size > octets_.capacity()) {
    const bool is_small = size <= kPrepaid;
    const std::size_t room =
        is_small ? kPrepaid : size + kGrain - size % kGrain;
    if (!is_small && !lease_.grow_to(room)) return false;
    octets_.reserve(room);
  }
  octets_.insert(octets_.end(), more.begin(), more.end());
  return true;
}

void TcpInput::drop(std::size_t count) {
  const auto end = octets_.begin() + static_cast<std::ptrdiff_t>(count);
  octets_.erase(octets_.begin(), end);
  if (!octets_.empty()) return;
  octets_ = {};
  lease_.shrink_to(0);
}

}  // namespace canopy
