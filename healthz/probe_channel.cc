#include "healthz/probe_channel.h"

// What 1.34 calls deprecated is all that 1.18 has.
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <spdlog/fmt/fmt.h>
#include <sys/time.h>

#include <algorithm>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace canopy {
namespace {

namespace net = boost::asio;
using boost::system::error_code;

std::string to_text(const net::ip::udp::endpoint& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return std::move(text).str();
}

void start_ares_once() {
  static std::once_flag once;
  std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
}

// We cancel queries that time out (arm_deadline).
bool is_time_out(int status) {
  return status == ARES_ETIMEOUT || status == ARES_ECANCELLED;
}

ares_options channel_options(const ProbeChannel::Options& options) {
  ares_options ares{};
  // Replies as they are, SERVFAIL too; without EDNS and IGNTC, which make
  // 1.18 cut answers (a probe's answer is small, so TC never happens).
  ares.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH |
               ARES_FLAG_NOALIASES | (options.over_tcp ? ARES_FLAG_USEVC : 0);
  // A flood that fills the socket costs datagrams, and must not look like a
  // server that is dead: each is asked again, after twice as long every time.
  constexpr int kTries = 5;
  constexpr int kShares = (1 << kTries) - 1;
  const auto timeout = static_cast<int>(options.timeout.count());
  ares.timeout = std::max(1, options.over_tcp ? timeout : timeout / kShares);
  ares.tries = options.over_tcp ? 1 : kTries;
  return ares;
}

}  // namespace

// A socket of c-ares' own: only watched here, never closed.
struct ProbeChannel::Watched {
  Watched(net::io_context& io, int number) : descriptor(io, number) {}

  net::posix::stream_descriptor descriptor;
  bool wants_read = false;
  bool wants_write = false;
  bool waits_read = false;
  bool waits_write = false;
  bool open = true;
};

ProbeChannel::ProbeChannel(net::io_context& io, const Options& options)
    : io_(io),
      options_(options),
      retry_(io),
      deadline_(io),
      channel_(nullptr, &ares_destroy) {
  start_ares_once();
  open();
  aim_at(options.server);
}

ProbeChannel::~ProbeChannel() {
  *alive_ = false;
  done_ = nullptr;
  for (const auto& [socket, watched] : sockets_) {
    watched->open = false;
    watched->descriptor.release();
  }
  sockets_.clear();
  channel_.reset();
}

void ProbeChannel::open() {
  ares_options ares = channel_options(options_);
  char dns_only[] = "b";
  ares.lookups = dns_only;
  ares.sock_state_cb_data = this;
  ares.sock_state_cb = [](void* self, ares_socket_t socket, int readable,
                          int writable) {
    static_cast<ProbeChannel*>(self)->on_socket_state(socket, readable != 0,
                                                      writable != 0);
  };
  int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
             ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE;
#ifdef ARES_OPT_QUERY_CACHE
  mask |= ARES_OPT_QUERY_CACHE;  // on by default there: no probe of a cache
  ares.qcache_max_ttl = 0;
#endif
  ares_channeldata* channel = nullptr;
  const int status = ares_init_options(&channel, &ares, mask);
  if (status != ARES_SUCCESS) {
    throw std::runtime_error(fmt::format(
        "probe: c-ares cannot be initialized: {}", ares_strerror(status)));
  }
  channel_.reset(channel);
}

// Without a server of its own c-ares would ask those of resolv.conf.
void ProbeChannel::aim_at(const net::ip::udp::endpoint& aim) {
  options_.server = aim;
  const std::string server = to_text(aim);
  int status = ares_set_servers_ports_csv(channel_.get(), server.c_str());
  ares_addr_port_node* taken = nullptr;
  if (status == ARES_SUCCESS) {
    status = ares_get_servers_ports(channel_.get(), &taken);
  }
  const bool one = taken != nullptr && taken->next == nullptr &&
                   taken->udp_port == aim.port();
  ares_free_data(taken);
  if (status == ARES_SUCCESS && one) return;
  throw std::runtime_error(fmt::format(
      "probe: cannot probe {}: {}; listen on an address without a zone "
      "(%interface), or on 127.0.0.1 too",
      server, ares_strerror(status)));
}

void ProbeChannel::ask(std::span<const std::uint8_t> message, Done done) {
  done_ = std::move(done);
  arm_deadline();
  ares_send(
      channel_.get(), message.data(), static_cast<int>(message.size()),
      [](void* self, int status, int, unsigned char* reply, int size) {
        const std::size_t length = reply == nullptr || size < 0 ? 0 : size;
        static_cast<ProbeChannel*>(self)->on_reply(status, {reply, length});
      },
      this);
  arm_retry();
}

void ProbeChannel::on_reply(int status, std::span<const std::uint8_t> reply) {
  if (!done_) return;
  deadline_.cancel();
  retry_.cancel();
  const Done done = std::exchange(done_, nullptr);
  if (status == ARES_SUCCESS) return done({.reply = reply, .error = {}});
  done({.reply = {},
        .error = error_text(status),
        .timed_out = is_time_out(status)});
}

std::string ProbeChannel::error_text(int status) const {
  const auto where = fmt::format("{} over {}", to_text(options_.server),
                                 options_.over_tcp ? "TCP" : "UDP");
  if (is_time_out(status)) {
    return fmt::format("no answer from {} within {} ms", where,
                       options_.timeout.count());
  }
  if (status == ARES_ECONNREFUSED) {
    return fmt::format("connection refused by {}", where);
  }
  return fmt::format("no answer from {}: {}", where, ares_strerror(status));
}

// c-ares reports which events it waits for after each change; (false, false)
// means it is about to close the socket.
void ProbeChannel::on_socket_state(int socket, bool readable, bool writable) {
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
  found->second->wants_read = readable;
  found->second->wants_write = writable;
  watch(found->second);
}

void ProbeChannel::watch(const std::shared_ptr<Watched>& watched) {
  if (watched->wants_read && !watched->waits_read) wait_for(watched, true);
  if (watched->wants_write && !watched->waits_write) wait_for(watched, false);
}

void ProbeChannel::wait_for(const std::shared_ptr<Watched>& watched,
                            bool to_read) {
  (to_read ? watched->waits_read : watched->waits_write) = true;
  watched->descriptor.async_wait(
      to_read ? net::posix::descriptor_base::wait_read
              : net::posix::descriptor_base::wait_write,
      [this, watched, to_read](const error_code& error) {
        // Closed by c-ares, or by our own end.
        if (error || !watched->open) return;
        on_ready(watched, to_read);
      });
}

void ProbeChannel::on_ready(const std::shared_ptr<Watched>& watched,
                            bool to_read) {
  (to_read ? watched->waits_read : watched->waits_write) = false;
  const bool wanted = to_read ? watched->wants_read : watched->wants_write;
  if (wanted) {
    const int socket = watched->descriptor.native_handle();
    ares_process_fd(channel_.get(), to_read ? socket : ARES_SOCKET_BAD,
                    to_read ? ARES_SOCKET_BAD : socket);
  }
  if (watched->open) watch(watched);
  arm_retry();
}

void ProbeChannel::arm_retry() {
  timeval left{};
  if (!done_ || ares_timeout(channel_.get(), nullptr, &left) == nullptr) return;
  retry_.expires_after(std::chrono::seconds(left.tv_sec) +
                       std::chrono::microseconds(left.tv_usec));
  retry_.async_wait([this, alive = alive_](const error_code& error) {
    if (error || !*alive) return;
    ares_process_fd(channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_retry();
  });
}

// c-ares' own time-outs differ between its versions; this one holds.
void ProbeChannel::arm_deadline() {
  deadline_.expires_after(options_.timeout);
  deadline_.async_wait([this, alive = alive_](const error_code& error) {
    if (error || !*alive || !done_) return;
    // Else: queued for a question that was answered meanwhile.
    if (deadline_.expiry() <= net::steady_timer::clock_type::now()) {
      ares_cancel(channel_.get());
    }
  });
}

}  // namespace canopy
