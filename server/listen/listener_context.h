// The objects that each listener of a worker uses.  All outlive the listener
// and are used on the worker's thread.
#pragma once

#include <boost/asio/io_context.hpp>

#include "server/listen/reply.h"
#include "server/observe/query_counters.h"

namespace canopy {

struct ListenerContext {
  boost::asio::io_context& io;
  MessageHandler& handler;
  QueryCounters& counters;
  // Counts datagrams read and connections accepted.  While the process drains,
  // a count that does not change means that no node sends queries here any
  // more.  Open connections do not count, because they could last for ever.
  Count& arrivals;
};

}  // namespace canopy
