#include "kubewatch/api/api_client.h"

#include <httplib.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kubewatch/api/api_connection.h"
#include "kubewatch/decode/watch_decoder.h"
#include "kubewatch/objects/shown_text.h"

namespace canopy::kube {

namespace {

using httplib::Error;
using End = ApiReply::End;

constexpr int kConnectSeconds = 5;
constexpr int kKeepAliveSeconds = 15;
constexpr unsigned kUserTimeoutMilliseconds = 30'000;
constexpr std::size_t kMaxErrorBody = 64 << 10;
constexpr std::chrono::seconds kLongestRetryAfter{120};

// Detects a dead peer within a minute instead of fifteen.
void set_socket_options(int socket) {
  const auto set = [&](int level, int name, auto value) {
    ::setsockopt(socket, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveSeconds);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMilliseconds);
}

// cpp-httplib connects to an address other than the verified name only if the
// address is numeric.  Successive connections use the host's addresses in turn.
std::string address_of(const std::string& host, std::size_t turn) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) {
    throw std::runtime_error("cannot resolve " + host);
  }
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr,
                      0, NI_NUMERICHOST) == 0) {
      addresses.push_back(text);
    }
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) throw std::runtime_error(host + " has no address");
  return addresses[turn % addresses.size()];
}

std::unique_ptr<TlsClient> tls_for(const ClusterAccess& access,
                                   const Identity& identity,
                                   const std::string& name) {
  TlsClient::Options options;
  options.name = name;
  options.insecure = access.insecure;
  options.certificate_pem = identity.certificate_pem;
  options.key_pem = identity.key_pem;
  if (access.authority.is_set()) options.authority_pem = access.authority.pem();
  return std::make_unique<TlsClient>(std::move(options));
}

std::unique_ptr<ApiConnection> connection_for(const ClusterAccess& access,
                                              const Identity& identity,
                                              std::size_t turn) {
  const std::string& host = access.server.host;
  if (!access.server.tls) {
    return std::make_unique<ApiConnection>(host, access.server.port, nullptr);
  }
  const std::string& name =
      access.server_name.empty() ? host : access.server_name;
  auto made = std::make_unique<ApiConnection>(name, access.server.port,
                                              tls_for(access, identity, name));
  if (name != host) {
    made->set_hostname_addr_map({{name, address_of(host, turn)}});
  }
  return made;
}

std::string why_not(Error error) {
  switch (error) {
    case Error::Connection:
    case Error::BindIPAddress:
      return "cannot connect";
    case Error::Read:
      return "the connection was closed, or timed out";
    case Error::Write:
      return "the request could not be sent";
    default:
      return "the response is not HTTP";
  }
}

// RFC 9110 10.2.3, in seconds only: API servers send no dates.
std::chrono::seconds retry_after_in(const httplib::Response& response) {
  const std::string text = response.get_header_value("Retry-After");
  unsigned seconds = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, seconds);
  if (read.ec != std::errc() || read.ptr != end) seconds = 0;
  return std::min(std::chrono::seconds(seconds), kLongestRetryAfter);
}

httplib::Headers headers_for(const ApiRequest& request,
                             const std::string& token) {
  httplib::Headers headers{{"Accept", "application/json"},
                           {"User-Agent", "canopydns"}};
  if (request.compressed) headers.emplace("Accept-Encoding", "gzip");
  if (!token.empty()) headers.emplace("Authorization", "Bearer " + token);
  return headers;
}

// We request gzip only, but cpp-httplib also decompresses other encodings.
// Brotli needs up to 16 MiB for its window alone.
bool was_asked_for(const std::string& encoding) {
  return encoding.empty() || encoding == "identity" || encoding == "gzip";
}

// "403 Forbidden: services is forbidden: User ... cannot list"
std::string refusal(const ApiStatus& status) {
  std::string why = "HTTP status " + std::to_string(status.code);
  if (!status.reason.empty()) why += " " + shown(status.reason);
  if (!status.message.empty()) why += ": " + shown(status.message);
  if (status.code == 401) why += "; check the token or client certificate";
  if (status.code == 403) why += "; check the RBAC rules in deploy/";
  return why;
}

}  // namespace

ApiClient::ApiClient(Credentials& credentials) : credentials_(credentials) {}
ApiClient::~ApiClient() = default;

// Does not call httplib's stop(), which waits until a connect or a handshake
// ends.
void ApiClient::stop() { socket_.shut_down(); }

void ApiClient::forget_connection() {
  client_.reset();
  socket_.release();
}

ApiReply ApiClient::get(const ApiRequest& request, const Receiver& receive) {
  ApiReply reply;
  try {
    connect_as(credentials_.current());
    reply = send(request, receive);
  } catch (const std::exception& error) {
    forget_connection();  // part of a reply may be unread
    return {End::kFailed, {}, error.what()};
  }
  if (reply.status.code == 401) credentials_.refused();
  // The next connection reads certificates and authorities again.
  if (reply.end == End::kFailed || reply.status.code == 401) {
    forget_connection();
  }
  if (!reply.why.empty()) {
    reply.why = credentials_.access().server.url() + ": " + reply.why;
  }
  return reply;
}

void ApiClient::connect_as(const Identity& identity) {
  token_ = identity.token;
  const bool same = identity.certificate_pem == identity_.certificate_pem &&
                    identity.key_pem == identity_.key_pem;
  if (client_ && same) return;
  const ClusterAccess& access = credentials_.access();
  auto client = connection_for(access, identity, connections_++);
  client->set_connection_timeout(kConnectSeconds);
  client->set_keep_alive(true);
  client->set_tcp_nodelay(true);
  client->set_socket_options([this](int socket) {
    set_socket_options(socket);
    socket_.hold(socket);
  });
  identity_ = identity;
  client_ = std::move(client);
}

ApiReply ApiClient::send(const ApiRequest& request, const Receiver& receive) {
  client_->set_read_timeout(request.read_timeout);
  request.on_start();
  client_->forget_fault();
  ApiReply reply;
  std::string error_body;
  const auto result = client_->Get(
      credentials_.access().server.prefix + request.path,
      headers_for(request, token_),
      [&](const httplib::Response& response) {
        reply.status.code = response.status;
        reply.retry_after = retry_after_in(response);
        const std::string encoding =
            response.get_header_value("Content-Encoding");
        if (!was_asked_for(encoding)) {
          reply.why =
              "the response has a Content-Encoding that was not requested";
          return false;
        }
        if (response.status == 200) request.on_reply();
        return true;
      },
      [&](const char* bytes, std::size_t size) {
        if (reply.status.code == 200) return receive({bytes, size});
        error_body.append(bytes, size);
        return error_body.size() < kMaxErrorBody;
      });
  const int code = reply.status.code;
  if (!client_->fault().empty()) reply.why = client_->fault();
  if (!reply.why.empty()) {
    reply.end = End::kFailed;
  } else if (code != 0 && code != 200) {
    reply.status = decode_status(std::move(error_body));
    reply.status.code = code;
    reply.end = End::kRefused;
    reply.why = refusal(reply.status);
  } else if (result) {
    reply.end = End::kWhole;
  } else if (result.error() == Error::Canceled) {
    reply.end = End::kStopped;
  } else {
    reply.end = code == 200 ? End::kCut : End::kFailed;
    reply.why = why_not(result.error());
  }
  return reply;
}

}  // namespace canopy::kube
