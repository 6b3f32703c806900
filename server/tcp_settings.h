// Limits on TCP clients, and the count of connections that all workers share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

namespace canopy {

struct TcpSettings {
  // Without a whole message or progress in sending for so long, a connection
  // is closed (RFC 7766 6.2.3).
  std::chrono::milliseconds idle_timeout{10'000};
  std::size_t max_connections = 1000;  // over all workers
  // Questions of one connection under way; then it is read no further.
  std::size_t max_in_flight = 128;
};

// Connections open in the process.  Any thread.
class TcpConnectionCount {
 public:
  explicit TcpConnectionCount(std::size_t limit) : limit_(limit) {}

  // False when the limit is reached.
  bool take() {
    if (open_.fetch_add(1, std::memory_order_relaxed) < limit_) return true;
    give_back();
    return false;
  }
  void give_back() { open_.fetch_sub(1, std::memory_order_relaxed); }
  std::size_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> open_{0};
};

}  // namespace canopy
