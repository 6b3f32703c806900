// The sockets of the HTTP server.
//
// Plain functions: any thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string_view>
#include <vector>

#include "healthz/http_address.h"

namespace canopy {

// Returns an acceptor that listens for each address in `listen`.  Throws
// std::runtime_error with one line: what is wrong, where, and that the operator
// can change it with the setting `set_by`.
std::vector<boost::asio::ip::tcp::acceptor> http_acceptors(
    boost::asio::io_context& io, const std::vector<HttpAddress>& listen,
    std::string_view set_by);

}  // namespace canopy
