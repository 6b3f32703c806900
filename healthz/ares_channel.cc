#include "healthz/ares_channel.h"

// c-ares 1.18 has only the functions that 1.34 marks as deprecated.
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <net/if.h>
#include <netinet/in.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

namespace canopy {

namespace net = boost::asio;

// The state of one of the two events of a socket.
struct AresChannel::Direction {
  bool wanted = false;   // by c-ares
  bool awaited = false;  // by us
};

// A socket that c-ares owns: watched here, never closed.  If epoll refuses a
// socket, its messages time out, because exceptions must not pass through
// c-ares.
struct AresChannel::Watched {
  Watched(net::io_context& io, int number) : socket(number), descriptor(io) {
    boost::system::error_code ignored;
    descriptor.assign(number, ignored);
  }

  const int socket;
  net::posix::stream_descriptor descriptor;
  Direction read{};
  Direction write{};
  bool open = true;
};

namespace {

int library_status() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

AresChannel::Failure failure_of(int status) {
  switch (status) {
    case ARES_ETIMEOUT:
      return AresChannel::Failure::kTimedOut;
    case ARES_ECANCELLED:
      return AresChannel::Failure::kCancelled;
    case ARES_ECONNREFUSED:
      return AresChannel::Failure::kRefused;
    default:
      return AresChannel::Failure::kOther;
  }
}

// "10.0.0.1:53" and "[2001:db8::1]:53", without the zone of a link-local
// address.
std::string bare_text(const AresChannel::Endpoint& server) {
  const auto& address = server.address();
  if (!address.is_v6()) {
    return fmt::format("{}:{}", address.to_string(), server.port());
  }
  const net::ip::address_v6 bare(address.to_v6().to_bytes());
  return fmt::format("[{}]:{}", bare.to_string(), server.port());
}

#if ARES_VERSION >= 0x012200
// c-ares 1.34 expects the zone after the port: "[fe80::53]:53%eth0".
std::string server_text(const AresChannel::Endpoint& server,
                        std::uint32_t interface) {
  std::array<char, IF_NAMESIZE> name{};
  if (::if_indextoname(interface, name.data()) == nullptr) {
    return bare_text(server);
  }
  return fmt::format("{}%{}", bare_text(server), name.data());
}

void use_interface(ares_channel /*channel*/, std::uint32_t& /*interface*/) {}
#else
// c-ares 1.18 does not support zones, and connects without one.  A socket bound
// to the interface needs no zone.
std::string server_text(const AresChannel::Endpoint& server,
                        std::uint32_t /*interface*/) {
  return bare_text(server);
}

// Called for each socket.
int bind_to_interface(ares_socket_t socket, int /*type*/, void* interface) {
  const auto index = *static_cast<const std::uint32_t*>(interface);
  if (index == 0) return 0;
  std::array<char, IF_NAMESIZE> name{};
  if (::if_indextoname(index, name.data()) == nullptr) return -1;
  return ::setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, name.data(),
                      static_cast<socklen_t>(name.size()));
}

// `interface` must live as long as the channel.
void use_interface(ares_channel channel, std::uint32_t& interface) {
  ares_set_socket_configure_callback(channel, bind_to_interface, &interface);
}
#endif

bool has_only_server_at(ares_channel channel, std::uint16_t port) {
  ares_addr_port_node* servers = nullptr;
  if (ares_get_servers_ports(channel, &servers) != ARES_SUCCESS) return false;
  const bool one = servers != nullptr && servers->next == nullptr &&
                   servers->udp_port == port;
  ares_free_data(servers);
  return one;
}

// Delivers all replies, including SERVFAIL.  EDNS and IGNTC are off, because
// 1.18 then cuts answers.
int flags_of(const AresChannel::Options& options) {
  return ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
         (options.stays_open ? ARES_FLAG_STAYOPEN : 0) |
         (options.over_tcp ? ARES_FLAG_USEVC : 0);
}

}  // namespace

AresChannel::AresChannel(net::io_context& io, const Options& options)
    : io_(io), options_(options), retry_(io), fault_(init()) {}

// c-ares calls back for each socket, which ends the watch, and for each
// message.
AresChannel::~AresChannel() {
  *alive_ = false;
  if (channel_ != nullptr) ares_destroy(channel_);
}

// Sets all options, so that c-ares reads neither files nor the environment.
// With an empty or invalid server list, c-ares would use resolv.conf, which in
// a pod may name this server.
std::string AresChannel::init() {
  if (library_status() != ARES_SUCCESS) return ares_strerror(library_status());
  static char lookups[] = "b";
  static char no_file[] = "/dev/null";
  in_addr placeholder{htonl(INADDR_LOOPBACK)};  // until aim_at()
  ares_options ares{};
  ares.flags = flags_of(options_);
  ares.timeout =
      static_cast<int>(std::max<std::int64_t>(1, options_.timeout.count()));
  ares.tries = options_.tries;
  ares.ndots = 1;
  ares.servers = &placeholder;
  ares.nservers = 1;
  ares.lookups = lookups;
  ares.resolvconf_path = no_file;
  ares.sock_state_cb_data = this;
  ares.sock_state_cb = [](void* self, ares_socket_t socket, int readable,
                          int writable) {
    static_cast<AresChannel*>(self)->on_socket_state(socket, readable != 0,
                                                     writable != 0);
  };
  int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
             ARES_OPT_NDOTS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
             ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_NOROTATE |
             ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
  ares.qcache_max_ttl = 0;  // on by default in 1.34
  mask |= ARES_OPT_QUERY_CACHE;
#endif
#ifdef ARES_OPT_MAXTIMEOUTMS
  if (options_.tries == 1) {
    ares.maxtimeout = ares.timeout;
    mask |= ARES_OPT_MAXTIMEOUTMS;
  }
#endif
  const int status = ares_init_options(&channel_, &ares, mask);
  if (status != ARES_SUCCESS) return ares_strerror(status);
  use_interface(channel_, interface_);
  return {};
}

std::string AresChannel::aim_at(const Endpoint& server) {
  if (!fault_.empty()) return fault_;
  const auto& address = server.address();
  interface_ = address.is_v6() ? address.to_v6().scope_id() : 0;
  const std::string text = server_text(server, interface_);
  const int status = ares_set_servers_ports_csv(channel_, text.c_str());
  if (status != ARES_SUCCESS) return ares_strerror(status);
  return has_only_server_at(channel_, server.port()) ? ""
                                                     : "not taken by c-ares";
}

void AresChannel::send(std::span<const std::uint8_t> message,
                       std::unique_ptr<Receiver> receiver) {
  ares_send(channel_, message.data(), static_cast<int>(message.size()), on_end,
            receiver.release());
  arm_retry();
}

void AresChannel::on_end(void* receiver, int status, int /*timeouts*/,
                         unsigned char* reply, int size) {
  const std::unique_ptr<Receiver> told(static_cast<Receiver*>(receiver));
  if (status == ARES_SUCCESS && reply != nullptr) {
    return told->on_outcome(
        {.reply = {reply, static_cast<std::size_t>(std::max(0, size))}});
  }
  told->on_outcome({.reply = {},
                    .failure = failure_of(status),
                    .reason = ares_strerror(status)});
}

void AresChannel::cancel() {
  ares_cancel(channel_);
  arm_retry();
}

#if ARES_VERSION >= 0x012200
void AresChannel::expire() {}

// c-ares 1.34 derives its own timeout from the server's usual response time,
// down to a quarter of a second, and then gives up or retries.  It checks
// timeouts only when this function allows it.  A channel that stays open does
// not, because other messages may be waiting.  Other channels must, to close
// idle sockets.
void AresChannel::process(int socket, Event event) {
  const ares_fd_events_t ready{
      socket,
      static_cast<unsigned>(event == Event::kRead ? ARES_FD_EVENT_READ
                                                  : ARES_FD_EVENT_WRITE)};
  ares_process_fds(channel_, &ready, 1,
                   options_.stays_open ? ARES_PROCESS_FLAG_SKIP_NON_FD
                                       : ARES_PROCESS_FLAG_NONE);
}
#else
void AresChannel::expire() {
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void AresChannel::process(int socket, Event event) {
  ares_process_fd(channel_, event == Event::kRead ? socket : ARES_SOCKET_BAD,
                  event == Event::kWrite ? socket : ARES_SOCKET_BAD);
}
#endif

// c-ares reports the events that it waits for after each change.  No events
// mean that c-ares will close the socket; the descriptor is then released.
void AresChannel::on_socket_state(int socket, bool readable, bool writable) {
  auto found = sockets_.find(socket);
  if (!readable && !writable) {
    if (found == sockets_.end()) return;
    found->second->open = false;
    found->second->descriptor.release();
    sockets_.erase(found);
    return;
  }
  if (found == sockets_.end()) {
    found =
        sockets_.emplace(socket, std::make_shared<Watched>(io_, socket)).first;
  }
  found->second->read.wanted = readable;
  found->second->write.wanted = writable;
  arm(found->second);
}

void AresChannel::arm(const std::shared_ptr<Watched>& watched) {
  const auto lacks = [](const Direction& direction) {
    return direction.wanted && !direction.awaited;
  };
  if (lacks(watched->read)) wait_for(watched, Event::kRead);
  if (lacks(watched->write)) wait_for(watched, Event::kWrite);
}

// If the socket is no longer open, c-ares closed it or this channel was
// destroyed.  Then no member may be used.
void AresChannel::wait_for(const std::shared_ptr<Watched>& watched,
                           Event event) {
  using Base = net::posix::descriptor_base;
  Direction& direction = event == Event::kRead ? watched->read : watched->write;
  direction.awaited = true;
  watched->descriptor.async_wait(
      event == Event::kRead ? Base::wait_read : Base::wait_write,
      [this, watched, &direction,
       event](const boost::system::error_code& error) {
        direction.awaited = false;
        if (error || !watched->open) return;
        if (direction.wanted) process(watched->socket, event);
        if (watched->open) arm(watched);
        arm_retry();
      });
}

void AresChannel::arm_retry() {
  if (options_.tries <= 1) return;
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) == nullptr) {
    retry_.cancel();
    return;
  }
  retry_.expires_after(std::chrono::seconds(left.tv_sec) +
                       std::chrono::microseconds(left.tv_usec));
  retry_.async_wait(
      [this, alive = alive_](const boost::system::error_code& error) {
        if (error || !*alive) return;
        ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        arm_retry();
      });
}

}  // namespace canopy
