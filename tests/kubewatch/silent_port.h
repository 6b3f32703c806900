// A TCP port of loopback where nothing is ever said.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace canopy {

class SilentPort {
 public:
  SilentPort() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* const address = reinterpret_cast<sockaddr*>(&address_);
    if (::bind(listener_, address, size) != 0 || ::listen(listener_, 0) != 0 ||
        ::getsockname(listener_, address, &size) != 0) {
      std::abort();
    }
  }
  ~SilentPort() {
    ::close(listener_);
    for (const int filler : fillers_) ::close(filler);
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  int port() const { return ntohs(address_.sin_port); }

  // From here on connecting hangs: there is no room for one more.
  void fill() {
    for (int& filler : fillers_) {
      filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      ::connect(filler, reinterpret_cast<sockaddr*>(&address_),
                sizeof address_);
    }
  }
  bool has_connection() const {
    pollfd ready{listener_, POLLIN, 0};
    return ::poll(&ready, 1, 0) > 0;
  }
  // How many have sent a SYN and got no answer (state 02).
  int connecting() const {
    char wanted[32];
    std::snprintf(wanted, sizeof wanted, " 0100007F:%04X 02 ", port());
    std::ifstream table("/proc/net/tcp");
    int found = 0;
    for (std::string line; std::getline(table, line);) {
      found += line.find(wanted) != std::string::npos;
    }
    return found;
  }

 private:
  int listener_;
  sockaddr_in address_{};
  std::array<int, 3> fillers_{-1, -1, -1};
};

}  // namespace canopy
