// A duplicate of the socket that a library opens and blocks on, so that another
// thread can end any wait: for a connection, for TLS or for data.  The library
// may close its own descriptor at any time.  The duplicate can never refer to
// another socket.
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

  // Holds `socket` in place of the previous one.
  void hold(int socket);
  void release();
  // Wakes the thread that waits for the socket; that thread reads end of file.
  void shut_down();

 private:
  std::mutex mutex_;
  int socket_ = -1;  // a duplicate
};

}  // namespace canopy::kube
