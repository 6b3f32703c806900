// A second hold on the socket of a connection that a library opens and blocks
// on, so that another thread can end its waiting: connecting, TLS and reading
// alike.  The library closes its own descriptor as it likes; this one never
// names another socket in the meantime.
//
// Threads: any.
#pragma once

#include <mutex>

namespace canopy::kube {

class HeldSocket {
 public:
  HeldSocket() = default;
  ~HeldSocket() { release(); }
  HeldSocket(const HeldSocket&) = delete;
  HeldSocket& operator=(const HeldSocket&) = delete;

  // In place of the one held before.
  void hold(int socket);
  void release();
  // Whoever waits for the socket is woken and sees it at its end.
  void shut_down();

 private:
  std::mutex mutex_;
  int socket_ = -1;  // a duplicate
};

}  // namespace canopy::kube
