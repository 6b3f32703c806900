// State shared by the HTTP listener and its sessions.
//
// Thread rule: the thread that runs the server's io_context.  Exceptions:
// routes of pages run on the page thread, and any thread may use the counts.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "healthz/fair_shares.h"
#include "healthz/http_counts.h"
#include "healthz/http_message.h"
#include "healthz/page_thread.h"
#include "healthz/shared_page.h"

namespace canopy {

class HttpSession;

struct HttpLimits {
  // Each client, identified by its address, has a fair share: half, if it is
  // alone.
  std::size_t max_connections = 64;
  // The most pages sent in pieces at the same time; one per client.
  std::size_t max_streams = 2;
  // The limit for receiving a request, for making a page, and for sending an
  // answer or one piece of it.
  std::chrono::milliseconds timeout{5000};
  // The limit for all pieces of a page, whose data stays in memory meanwhile.
  std::chrono::milliseconds stream_time{60'000};
  // The minimum time between two builds of a shared page.
  std::chrono::milliseconds page_interval{1000};
};

struct HttpShared {
  HttpShared(boost::asio::io_context& at, const HttpLimits& with,
             HttpRoutes all)
      : io(at),
        limits(with),
        routes(std::move(all)),
        places(with.max_connections),
        streams(with.max_streams) {}

  boost::asio::io_context& io;
  const HttpLimits limits;
  const HttpRoutes routes;
  HttpCounts counts;
  std::shared_ptr<PageThread> page_thread = std::make_shared<PageThread>();
  std::map<std::string, std::shared_ptr<SharedPage>, std::less<>> pages;
  FairShares<boost::asio::ip::address> places;
  FairShares<boost::asio::ip::address> streams;
  // Sessions ordered by their last progress, oldest first.  The first ones are
  // closed to make room.
  std::list<HttpSession*> sessions;
};

}  // namespace canopy
