#include "kubewatch/access/held_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace canopy::kube {

void HeldSocket::hold(int socket) {
  release();
  const std::lock_guard lock(mutex_);
  socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
}

void HeldSocket::release() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void HeldSocket::shut_down() {
  const std::lock_guard lock(mutex_);
  // While the socket is connecting, this disconnects it (inet_shutdown).
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

}  // namespace canopy::kube
