// One connection to the API server: GETs whose bodies come as they arrive.
//
// Threads: get() from one; stop() from any.
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
  std::string path;  // with the query
  // The longest silence; a watch is silent for long.
  std::chrono::seconds read_timeout{30};
  bool compressed = false;
  // Called when the request goes out, and when the headers of a 200 are in.
  std::function<void()> on_start = [] {};
  std::function<void()> on_reply = [] {};
};

struct ApiReply {
  enum class End {
    kWhole,    // the body came to its end
    kCut,      // it began, and broke off
    kStopped,  // by stop() or the receiver
    kRefused,  // another status than 200; see `status`
    kFailed,   // no reply at all
  };
  End end = End::kFailed;
  ApiStatus status;  // code is the HTTP status, 0 when there was none
  std::string why;   // one line for the log, unless whole or stopped
  // The server's Retry-After: do not ask again before that.
  std::chrono::seconds retry_after{0};
};

class ApiClient {
 public:
  explicit ApiClient(Credentials& credentials);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  // False stops the reply.
  using Receiver = std::function<bool(std::string_view bytes)>;
  // Blocks.  `receive` sees the bytes of a 200 only.
  ApiReply get(const ApiRequest& request, const Receiver& receive);

  // Ends the request in flight at once, in whatever it waits for.  One that is
  // about to start may escape: repeat until the caller of get() has noticed.
  void stop();

 private:
  void connect_as(const Identity& identity);
  ApiReply send(const ApiRequest& request, const Receiver& receive);
  void forget_connection();

  Credentials& credentials_;
  Identity identity_;  // client_ was made for its certificate
  std::string token_;
  std::size_t connections_ = 0;  // made so far
  std::unique_ptr<ApiConnection> client_;
  HeldSocket socket_;  // client_'s
};

}  // namespace canopy::kube
