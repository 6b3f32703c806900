// One TCP connection: messages with a two-octet length (RFC 1035 4.2.2), many
// questions at a time, answers as they come (RFC 7766 6.2.1.1).  A client that
// closes its side still gets its answers.  On the worker's thread only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <vector>

#include "server/client.h"
#include "server/listener_context.h"
#include "server/tcp_settings.h"

namespace canopy {

class TcpSessions;

class TcpSession : public ReplySink,
                   public std::enable_shared_from_this<TcpSession> {
 public:
  TcpSession(const ListenerContext& context, TcpSessions& sessions,
             boost::asio::ip::tcp::socket socket, const Peer& peer, Tier tier);
  ~TcpSession() override;

  Client client() const { return client_of(peer_.address); }

  void start();
  // Nothing under way, in or out.
  bool is_idle() const;
  // Answers what is under way and what has come, then closes.
  void wind_down();
  // At once.  Answers that come later are dropped.
  void close();

  void send(std::span<const std::uint8_t> message, const Peer& peer) override;

 private:
  friend class TcpSessions;

  void read();
  void on_read(std::size_t count);
  // Hands over the whole messages in the buffer, as far as limits allow.
  void take_messages();
  void answer(std::span<const std::uint8_t> message, TimePoint received,
              const std::shared_ptr<ReplySink>& share);
  // What replies hold: when the last is gone, so is every answer, sent or
  // never to be sent.
  std::shared_ptr<ReplySink> share_of_answers();
  bool has_room() const;
  void write();
  void on_written(std::size_t count);
  void go_on();
  // The client has closed its side.
  void finish();
  // When all is answered: reads what has come meanwhile, or closes.
  void part();
  void start_timer();
  void on_timer();
  void touch();

  ListenerContext context_;
  TcpSessions& sessions_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  const Peer peer_;
  const Tier tier_;

  std::vector<std::uint8_t> input_;
  std::size_t input_size_ = 0;
  std::vector<std::uint8_t> output_;   // waits for `writing_`
  std::vector<std::uint8_t> writing_;  // being sent
  std::size_t written_ = 0;

  // Shared by the replies under way; gone when there are none.
  std::weak_ptr<ReplySink> under_way_;
  TimePoint deadline_{};
  bool reading_ = false;
  bool sending_ = false;
  bool taking_ = false;    // answers wait until all input is taken
  bool finished_ = false;  // no more questions
  bool winding_down_ = false;
  bool closed_ = false;
  // Where the sessions keep it; valid while not closed.
  std::list<std::shared_ptr<TcpSession>>::iterator place_;
};

}  // namespace canopy
