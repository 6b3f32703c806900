// One connection to the API server.  Response bodies are delivered as they
// arrive.
//
// Threads: one thread may call get(); any thread may call stop().
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kubewatch/access/credentials.h"
#include "kubewatch/access/held_socket.h"
#include "kubewatch/objects/watch_event.h"

namespace canopy::kube {

class ApiConnection;

struct ApiRequest {
  std::string path;  // includes the query string
  // The longest time without data; a watch needs a long one.
  std::chrono::seconds read_timeout{30};
  bool compressed = false;
  // on_start is called when the request is sent, the other when the headers of
  // a 200 have arrived.
  std::function<void()> on_start = [] {};
  std::function<void()> on_reply = [] {};
};

struct ApiReply {
  enum class End {
    kWhole,    // the body is complete
    kCut,      // the body began, but the connection broke
    kStopped,  // stopped by stop() or the receiver
    kRefused,  // a status other than 200; see `status`
    kFailed,   // no reply at all
  };
  End end = End::kFailed;
  ApiStatus status;  // code is the HTTP status, 0 if none came
  std::string why;   // one line for the log, unless kWhole or kStopped
  // The server's Retry-After: send no request before that.
  std::chrono::seconds retry_after{0};
};

class ApiClient {
 public:
  explicit ApiClient(Credentials& credentials);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  // Returns false to stop the reply.
  using Receiver = std::function<bool(std::string_view bytes)>;
  // Blocks.  `receive` gets the bytes of a 200 only.
  ApiReply get(const ApiRequest& request, const Receiver& receive);

  // Ends the request in flight at once, whatever it waits for.  A request that
  // is just starting may not be ended: repeat the call until get() has
  // returned.
  void stop();

 private:
  void connect_as(const Identity& identity);
  ApiReply send(const ApiRequest& request, const Receiver& receive);
  void forget_connection();

  Credentials& credentials_;
  Identity identity_;  // client_ uses its certificate
  std::string token_;
  std::size_t connections_ = 0;  // number opened so far
  std::unique_ptr<ApiConnection> client_;
  HeldSocket socket_;  // the socket of client_
};

}  // namespace canopy::kube
