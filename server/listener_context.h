// What every listener of a worker is given.  All of it outlives the listener
// and is used on the worker's thread.
#pragma once

#include <boost/asio/io_context.hpp>

#include "server/query_counters.h"
#include "server/reply.h"

namespace canopy {

struct ListenerContext {
  boost::asio::io_context& io;
  MessageHandler& handler;
  QueryCounters& counters;
  // Datagrams read and connections accepted.  When it stands still, nobody is
  // sent here any more; connections that last would stay for ever.
  Count& arrivals;
};

}  // namespace canopy
