// What every listener of a worker is given.  All of it outlives the listener
// and is used on the worker's thread.
#pragma once

#include <boost/asio/io_context.hpp>

#include "server/listen/reply.h"
#include "server/observe/query_counters.h"

namespace canopy {

struct ListenerContext {
  boost::asio::io_context& io;
  MessageHandler& handler;
  QueryCounters& counters;
  // Counts datagrams read and connections accepted.  A drain watches it: when
  // it stands still, no node sends queries here any more.  Open connections do
  // not count; they could last for ever.
  Count& arrivals;
};

}  // namespace canopy
