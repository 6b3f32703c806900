// One TCP connection: messages with a two-octet length (RFC 1035 4.2.2), many
// queries at a time, answers in any order (RFC 7766 6.2.1.1).  A client that
// closes its side still gets its answers.  On the worker's thread only.
//
// Memory: a session holds no buffer while its client reads its answers and
// sends whole messages.  Answers that the kernel does not accept wait in
// TcpOutput, and the session then reads no more queries.  A part of a message
// waits in TcpInput.  Both lease from the MemoryBudget; the connection is
// closed when that refuses.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>

#include "server/listen/listener_context.h"
#include "server/listen/tcp_input.h"
#include "server/listen/tcp_output.h"
#include "server/listen/tcp_settings.h"
#include "server/net/client.h"
#include "zones/time_point.h"

namespace canopy {

class TcpSessions;

class TcpSession : public ReplySink,
                   public std::enable_shared_from_this<TcpSession> {
 public:
  TcpSession(const ListenerContext& context, TcpSessions& sessions,
             boost::asio::ip::tcp::socket socket, const Peer& peer,
             ListenerId listener);
  ~TcpSession() override;

  Client client() const { return client_of(peer_.address); }

  void start();
  // True when no query waits for its answer and no answer waits to be sent.
  bool is_idle() const;
  // Answers all queries received so far, then closes.
  void wind_down();
  // Closes at once and drops later answers.
  void close();

  void send(std::span<const std::uint8_t> message, const Peer& peer) override;
  void hang_up() override { close(); }

 private:
  friend class TcpSessions;

  void wait_readable();
  void on_readable();
  void on_read(std::span<const std::uint8_t> octets);
  // Handles the whole messages in `octets`, as far as limits allow.  Returns
  // how many octets were processed.
  std::size_t take_messages(std::span<const std::uint8_t> octets);
  void answer(std::span<const std::uint8_t> message, TimePoint received,
              const std::shared_ptr<ReplySink>& share);
  // Each reply holds this pointer until its answer is sent or given up.
  std::shared_ptr<ReplySink> share_of_answers();
  // True when one more query may be read.  `held` of the references to
  // under_way_ are the caller's own and do not count.
  bool has_room(long held = 0) const;
  // Two spans that are sent as one; either may be empty.
  using Octets2 = std::array<std::span<const std::uint8_t>, 2>;
  // Sends the octets after those that wait.  Sends at once if none wait and the
  // kernel accepts them.
  void put(const Octets2& octets);
  // Writes as much as the kernel accepts at once.  Returns the octets written.
  std::size_t write(const Octets2& octets);
  void flush_batch();
  void wait_writable();
  void on_writable();
  void go_on();
  // Calls go_on() soon if a limit has stopped the reading.
  void go_on_later();
  // Called when the client has closed its side.
  void finish();
  // Counts and closes a connection for which the budget refused memory.
  void shed(Count& counter);
  void start_timer();
  void on_timer();
  void touch();

  ListenerContext context_;
  TcpSessions& sessions_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  const Peer peer_;
  const ListenerId listener_;
  TcpInput input_;
  TcpOutput output_;

  // Held by each reply that is not sent yet; expired when there is none.
  std::weak_ptr<ReplySink> under_way_;
  TimePoint deadline_{};
  bool awaits_read_ = false;
  bool awaits_write_ = false;
  bool goes_on_ = false;   // go_on() is posted
  bool taking_ = false;    // take_messages() is running
  bool finished_ = false;  // the client has closed its side
  bool winding_down_ = false;
  bool closed_ = false;
  // This session in the list of sessions; valid until closed.
  std::list<std::shared_ptr<TcpSession>>::iterator place_;
};

}  // namespace canopy
