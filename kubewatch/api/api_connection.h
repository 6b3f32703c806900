// cpp-httplib's client over connections of our own: LimitedStreams over TCP,
// or over a TlsClient's sessions.  It derives from the class for plain HTTP:
// from httplib::SSLClient, which is final in 0.18, nothing can be derived, so
// there would be no way to put limits under it.
//
// The alternatives: Boost.Beast has limits, but would take over chunks, gzip
// and connections that last from cpp-httplib, three times as much code as
// this; of cpp-httplib's releases 0.18 still reads any number of headers.
//
// Threads: one at a time.
#pragma once

#include <httplib.h>

#include <functional>
#include <memory>
#include <string>

#include "kubewatch/access/tls_client.h"

namespace canopy::kube {

class ApiConnection final : public httplib::ClientImpl {
 public:
  // Without `tls` it is plain HTTP.
  ApiConnection(const std::string& host, int port,
                std::unique_ptr<TlsClient> tls);
  ~ApiConnection() override;

  // Why the last request failed, when it was a handshake or a limit that was
  // passed; "" otherwise.
  const std::string& fault() const { return fault_; }
  void forget_fault() { fault_.clear(); }

 private:
  // What the base class calls, the same in 0.11 and 0.18.
  bool create_and_connect_socket(Socket& socket,
                                 httplib::Error& error) override;
  void shutdown_ssl(Socket& socket, bool gracefully) override;
  bool process_socket(const Socket& socket,
                      std::function<bool(httplib::Stream&)> exchange) override;

  std::unique_ptr<TlsClient> tls_;
  std::string fault_;
};

}  // namespace canopy::kube
