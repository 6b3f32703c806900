// One listening TCP socket: accepts connections for a worker's sessions.  On
// the worker's thread only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/listen/listener_context.h"
#include "server/listen/tcp_sessions.h"
#include "server/net/address.h"
#include "server/net/file_descriptor.h"

namespace canopy {

class TcpListener {
 public:
  struct Settings {
    ListenerId listener;
    SocketAddress local;
  };

  // `socket` must be listening.  Throws boost::system::system_error.
  TcpListener(const ListenerContext& context, const Settings& settings,
              FileDescriptor socket, TcpSessions& sessions);

  void start();
  // Stops accepting; open sessions continue.
  void stop();

 private:
  void accept();
  void take_and_accept(boost::asio::ip::tcp::socket socket);
  void on_accepted(boost::asio::ip::tcp::socket socket);
  void back_off();

  ListenerContext context_;
  ListenerId listener_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  TcpSessions& sessions_;
};

}  // namespace canopy
