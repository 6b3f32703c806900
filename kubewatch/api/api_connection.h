// cpp-httplib's client over our own connections: LimitedStreams over TCP or
// over the sessions of a TlsClient.  The base class is the client for plain
// HTTP. httplib::SSLClient is final in 0.18, so a derived class could not put
// limits under it.
//
// The alternatives are worse.  Boost.Beast has limits, but we would have to
// write chunks, gzip and persistent connections, three times the code of this
// file. cpp-httplib 0.18 itself still reads any number of headers.
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
  // Null `tls` means plain HTTP.
  ApiConnection(const std::string& host, int port,
                std::unique_ptr<TlsClient> tls);
  ~ApiConnection() override;

  // The reason why the last request failed, if a handshake failed or a limit
  // was exceeded; else "".
  const std::string& fault() const { return fault_; }
  void forget_fault() { fault_.clear(); }

 private:
  // The base class calls these overrides; they are the same in 0.11 and 0.18.
  bool create_and_connect_socket(Socket& socket,
                                 httplib::Error& error) override;
  void shutdown_ssl(Socket& socket, bool gracefully) override;
  bool process_socket(const Socket& socket,
                      std::function<bool(httplib::Stream&)> exchange) override;

  std::unique_ptr<TlsClient> tls_;
  std::string fault_;
};

}  // namespace canopy::kube
