#include "server/forward/cares_channel.h"

#include <ares.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <boost/asio/error.hpp>

#include "server/forward/forward_timing.h"
#include "server/net/address.h"

// The successors of ares_send and ares_get_servers_ports are not in 1.18.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace canopy {

struct CaresChannel::Watch {
  Watch(boost::asio::io_context& io, int number)
      : socket(number), descriptor(io, number) {}

  const int socket;
  boost::asio::posix::stream_descriptor descriptor;
  bool open = true;
  bool wants_read = false;
  bool wants_write = false;
  bool awaits_read = false;
  bool awaits_write = false;
};

namespace {

bool library_is_ready() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status == ARES_SUCCESS;
}

enum class Ready { kRead, kWrite };

#if ARES_VERSION >= 0x012200
// c-ares 1.34 makes its own time limit from what the server usually takes, a
// quarter of a second if that is little, then gives up or asks again.  It looks
// at the clock only where it is let, so it is not: its questions end with an
// answer, an error or the channel.
void process(ares_channel channel, int socket, Ready ready) {
  const ares_fd_events_t event{
      socket,
      static_cast<unsigned>(ready == Ready::kRead ? ARES_FD_EVENT_READ
                                                  : ARES_FD_EVENT_WRITE)};
  ares_process_fds(channel, &event, 1, ARES_PROCESS_FLAG_SKIP_NON_FD);
}

void expire(ares_channel /*channel*/) {}
#else
void process(ares_channel channel, int socket, Ready ready) {
  ares_process_fd(channel, ready == Ready::kRead ? socket : ARES_SOCKET_BAD,
                  ready == Ready::kWrite ? socket : ARES_SOCKET_BAD);
}

void expire(ares_channel channel) {
  ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}
#endif

// Without the zone of a link-local address.
std::string bare_text(const SocketAddress& server) {
  if (!server.address().is_v6()) return to_text(server);
  const boost::asio::ip::address_v6 bare(server.address().to_v6().to_bytes());
  return to_text(SocketAddress(bare, server.port()));
}

#if ARES_VERSION >= 0x012200
// c-ares 1.34 takes the zone behind the port: "[fe80::53]:53%eth0".
std::string server_text(const SocketAddress& server, std::uint32_t interface) {
  std::array<char, IF_NAMESIZE> name{};
  if (::if_indextoname(interface, name.data()) == nullptr) {
    return bare_text(server);
  }
  return bare_text(server) + '%' + name.data();
}

void use_zone(ares_channel /*channel*/, std::uint32_t& /*interface*/) {}
#else
// c-ares 1.18 takes no zone and connects without one.  Bound to the interface,
// the socket needs none.
std::string server_text(const SocketAddress& server,
                        std::uint32_t /*interface*/) {
  return bare_text(server);
}

// Called for each socket.
int bind_to_interface(ares_socket_t socket, int /*type*/, void* interface) {
  std::array<char, IF_NAMESIZE> name{};
  const auto index = *static_cast<const std::uint32_t*>(interface);
  if (::if_indextoname(index, name.data()) == nullptr) return -1;
  return ::setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, name.data(),
                      static_cast<socklen_t>(name.size()));
}

// `interface` lives as long as the channel.
void use_zone(ares_channel channel, std::uint32_t& interface) {
  if (interface == 0) return;
  ares_set_socket_configure_callback(channel, bind_to_interface, &interface);
}
#endif

bool has_only_our_server(ares_channel channel) {
  ares_addr_port_node* servers = nullptr;
  if (ares_get_servers_ports(channel, &servers) != ARES_SUCCESS) return false;
  const bool one = servers != nullptr && servers->next == nullptr;
  ares_free_data(servers);
  return one;
}

}  // namespace

std::unique_ptr<CaresChannel> CaresChannel::open(boost::asio::io_context& io,
                                                 const SocketAddress& server) {
  std::unique_ptr<CaresChannel> channel(new CaresChannel(io));
  if (!channel->init(server)) return nullptr;
  return channel;
}

// Everything is set, so that c-ares reads no file and no environment: with a
// server list that is empty or bad it would take resolv.conf's, and in a pod
// ask ourselves.
bool CaresChannel::init(const SocketAddress& server) {
  if (!library_is_ready()) return false;
  static char lookups[] = "b";
  static char no_file[] = "/dev/null";
  in_addr placeholder{htonl(INADDR_LOOPBACK)};  // replaced below
  ares_options options{};
  options.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH |
                  ARES_FLAG_NOALIASES | ARES_FLAG_STAYOPEN | ARES_FLAG_USEVC;
  options.timeout = static_cast<int>(kPatience.count());
  options.tries = 1;
  options.ndots = 1;
  options.servers = &placeholder;
  options.nservers = 1;
  options.lookups = lookups;
  options.resolvconf_path = no_file;
  options.sock_state_cb_data = this;
  options.sock_state_cb = [](void* self, ares_socket_t socket, int read,
                             int write) {
    static_cast<CaresChannel*>(self)->on_socket_state(socket, read != 0,
                                                      write != 0);
  };
  int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
             ARES_OPT_NDOTS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
             ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_NOROTATE |
             ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
  options.qcache_max_ttl = 0;
  mask |= ARES_OPT_QUERY_CACHE;
#endif
#ifdef ARES_OPT_MAXTIMEOUTMS
  options.maxtimeout = static_cast<int>(kPatience.count());
  mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
  ares_channel channel = nullptr;
  if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS) return false;
  channel_ = channel;
  const auto& address = server.address();
  interface_ = address.is_v6() ? address.to_v6().scope_id() : 0;
  use_zone(channel_, interface_);
  const std::string text = server_text(server, interface_);
  return ares_set_servers_ports_csv(channel_, text.c_str()) == ARES_SUCCESS &&
         has_only_our_server(channel_);
}

CaresChannel::~CaresChannel() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

void CaresChannel::send(std::span<const std::uint8_t> question,
                        std::unique_ptr<Receiver> receiver) {
  ++outstanding_;
  ++sent_;
  const auto on_end = [](void* argument, int status, int /*timeouts*/,
                         unsigned char* octets, int size) {
    const std::unique_ptr<Asked> asked(static_cast<Asked*>(argument));
    --asked->channel->outstanding_;
    if (status != ARES_SUCCESS || octets == nullptr) {
      return asked->receiver->on_failure(
          status == ARES_ETIMEOUT ? Failure::kTimedOut : Failure::kUnreachable);
    }
    if (!asked->receiver->on_message(
            {octets, static_cast<std::size_t>(size)})) {
      asked->receiver->on_failure(Failure::kUnusable);
    }
  };
  auto asked = std::make_unique<Asked>(Asked{this, std::move(receiver)});
  ares_send(channel_, question.data(), static_cast<int>(question.size()),
            on_end, asked.release());
}

void CaresChannel::tick(TimePoint /*now*/) { expire(channel_); }

// c-ares also calls this before it closes a socket: the descriptor releases the
// socket and never closes it.
void CaresChannel::on_socket_state(int socket, bool read, bool write) {
  const auto found = watches_.find(socket);
  if (!read && !write) {
    if (found == watches_.end()) return;
    found->second->open = false;
    found->second->descriptor.release();
    watches_.erase(found);
    return;
  }
  if (found == watches_.end()) {
    const auto added =
        watches_.emplace(socket, std::make_shared<Watch>(io_, socket));
    added.first->second->wants_read = read;
    added.first->second->wants_write = write;
    return arm(added.first->second);
  }
  found->second->wants_read = read;
  found->second->wants_write = write;
  arm(found->second);
}

// A closed watch means that c-ares closed the socket, or that this channel was
// destroyed: nothing may be touched.
void CaresChannel::arm(const std::shared_ptr<Watch>& watch) {
  using Descriptor = boost::asio::posix::stream_descriptor;
  if (watch->wants_read && !watch->awaits_read) {
    watch->awaits_read = true;
    watch->descriptor.async_wait(
        Descriptor::wait_read,
        [this, watch](const boost::system::error_code& error) {
          watch->awaits_read = false;
          if (!watch->open || error) return;
          process(channel_, watch->socket, Ready::kRead);
          if (watch->open) arm(watch);
        });
  }
  if (watch->wants_write && !watch->awaits_write) {
    watch->awaits_write = true;
    watch->descriptor.async_wait(
        Descriptor::wait_write,
        [this, watch](const boost::system::error_code& error) {
          watch->awaits_write = false;
          if (!watch->open || error || !watch->wants_write) return;
          process(channel_, watch->socket, Ready::kWrite);
          if (watch->open) arm(watch);
        });
  }
}

}  // namespace canopy
