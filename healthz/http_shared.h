// What the HTTP listener and its sessions have in common.
//
// Thread rule: the thread that runs the server's io_context; the routes of
// pages run on the page thread, and the counts are for any.
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
  // A client, which is an address, has its fair share of them: half, when it is
  // alone.
  std::size_t max_connections = 64;
  // Pages in pieces that are being sent; one for each client.
  std::size_t max_streams = 2;
  // For a whole request, for a page to be made, and for each (piece of an)
  // answer to be taken by the client.
  std::chrono::milliseconds timeout{5000};
  // For all pieces of a page: it holds what it shows in memory.
  std::chrono::milliseconds stream_time{60'000};
  // Between the starts of making a shared page.
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
  // Those who got on least recently come first: they have to make room.
  std::list<HttpSession*> sessions;
};

}  // namespace canopy
