#include "server/listen/tcp_output.h"

#include <algorithm>

namespace canopy {

bool TcpOutput::add(std::span<const std::uint8_t> octets) {
  while (!octets.empty()) {
    if (pieces_.empty() || pieces_.back().size() == kPiece) {
      if (!lease_.grow_to(lease_.octets() + kPiece)) return false;
      pieces_.emplace_back().reserve(kPiece);
    }
    Piece& piece = pieces_.back();
    const auto part =
        octets.first(std::min(octets.size(), kPiece - piece.size()));
    piece.insert(piece.end(), part.begin(), part.end());
    octets = octets.subspan(part.size());
  }
  return true;
}

std::span<const std::uint8_t> TcpOutput::front() const {
  return std::span<const std::uint8_t>(pieces_.front()).subspan(sent_);
}

void TcpOutput::drop(std::size_t count) {
  sent_ += count;
  if (sent_ < pieces_.front().size()) return;
  pieces_.pop_front();
  sent_ = 0;
  lease_.shrink_to(lease_.octets() - kPiece);
}

}  // namespace canopy
