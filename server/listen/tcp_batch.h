// Collects the answers to the queries of one read, to send them in one write.
// All sessions of a worker share one.  The session that processes messages uses
// it, and leaves it empty.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace canopy {

class TcpSession;

class TcpBatch {
 public:
  static constexpr std::size_t kSize = 16 << 10;

  TcpBatch() { octets_.reserve(kSize); }

  // Returns false when another session uses the batch.  That session is
  // processing a message, and this call happened inside that.
  bool begin(const TcpSession& session) {
    if (user_ != nullptr) return false;
    user_ = &session;
    return true;
  }
  void end() { user_ = nullptr; }
  bool is_of(const TcpSession& session) const { return user_ == &session; }

  bool has_room_for(std::size_t octets) const {
    return octets <= kSize - octets_.size();
  }
  void add(std::span<const std::uint8_t> octets) {
    octets_.insert(octets_.end(), octets.begin(), octets.end());
  }
  std::span<const std::uint8_t> octets() const { return octets_; }
  void clear() { octets_.clear(); }

 private:
  std::vector<std::uint8_t> octets_;
  const TcpSession* user_ = nullptr;
};

}  // namespace canopy
