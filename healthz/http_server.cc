#include "healthz/http_server.h"

#include <string>
#include <utility>

#include "healthz/http_acceptors.h"
#include "healthz/http_session.h"
#include "healthz/loopback.h"

namespace canopy {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

// The pause before the next accept when the process is out of descriptors.
constexpr std::chrono::milliseconds kAcceptPause{50};
// The session, of one client or of any, that least recently made progress.
HttpSession* least_recent(const HttpShared& shared,
                          const net::ip::address* client) {
  for (HttpSession* const session : shared.sessions) {
    if (client == nullptr || session->client() == *client) return session;
  }
  return nullptr;
}

bool make_room(HttpShared& shared, const net::ip::address* client,
               HttpCounts::Count& count) {
  HttpSession* const session = least_recent(shared, client);
  if (session == nullptr) return false;
  ++count;
  session->abort();
  return true;
}

// Reserves a place for one more connection of the client.
bool admit(HttpShared& shared, const net::ip::address& client) {
  HttpCounts& counts = shared.counts;
  for (;;) {  // bounded: each iteration closes a connection
    switch (shared.places.take(client)) {
      case Admission::kAdmitted:
        return true;
      case Admission::kShareUsed:
        if (!make_room(shared, &client, counts.over_share)) return false;
        break;
      case Admission::kFull:
        if (!make_room(shared, nullptr, counts.over_limit)) return false;
        break;
    }
  }
}

}  // namespace

struct HttpServer::Listener {
  Listener(tcp::acceptor listening, std::shared_ptr<HttpShared> with)
      : acceptor(std::move(listening)),
        pause(acceptor.get_executor()),
        shared(std::move(with)) {}

  tcp::acceptor acceptor;
  tcp::endpoint client;  // peer of the next accepted connection
  net::steady_timer pause;
  std::shared_ptr<HttpShared> shared;
};

HttpServer::HttpServer(net::io_context& io, const HttpServerOptions& options,
                       HttpRoutes routes)
    : shared_(
          std::make_shared<HttpShared>(io, options.limits, std::move(routes))) {
  share_pages();
  for (tcp::acceptor& acceptor :
       http_acceptors(io, options.listen, options.set_by)) {
    listeners_.push_back(
        std::make_shared<Listener>(std::move(acceptor), shared_));
  }
  for (const auto& listener : listeners_) accept(listener);
}

HttpServer::~HttpServer() {
  for (const auto& listener : listeners_) {
    error_code ignored;
    listener->acceptor.close(ignored);  // a running pause then ends
  }
  for (const auto& [path, page] : shared_->pages) page->stop();
  while (!shared_->sessions.empty()) shared_->sessions.front()->close();
  shared_->page_thread->end();
}

void HttpServer::share_pages() {
  HttpShared& shared = *shared_;
  for (const std::string& path : shared.routes.paths()) {
    if (shared.routes.work_for(path) != HttpWork::kShared) continue;
    SharedPage::Options options;
    options.interval = shared.limits.page_interval;
    options.make = [&shared, request = HttpRequest{.path = path}] {
      ++shared.counts.page_builds;
      return shared.routes.respond(request);
    };
    options.made = [&shared, path](std::uint64_t number, const auto& page) {
      // take_page() never ends a session at once, so the list does not change
      // here.
      for (HttpSession* const session : shared.sessions) {
        session->take_page(path, number, page);
      }
    };
    shared.pages[path] = std::make_shared<SharedPage>(
        shared.io, shared.page_thread, std::move(options));
  }
}

// Accepts one connection per turn of the io_context.  Earlier connections'
// requests are read and answered before any of them may be closed to make room.
void HttpServer::accept(const std::shared_ptr<Listener>& listener) {
  listener->acceptor.async_accept(listener->client, [listener](
                                                        const error_code& error,
                                                        tcp::socket socket) {
    if (!listener->acceptor.is_open()) return;
    if (error) return on_failure(listener, error);
    const net::ip::address client = plain(listener->client.address());
    HttpShared& shared = *listener->shared;
    if (admit(shared, client)) {
      std::make_shared<HttpSession>(std::move(socket), client, listener->shared)
          ->start();
    }
    accept(listener);
  });
}

void HttpServer::on_failure(const std::shared_ptr<Listener>& listener,
                            const error_code& error) {
  HttpShared& shared = *listener->shared;
  const bool no_descriptor =
      error == net::error::no_descriptors ||
      error ==
          make_error_code(boost::system::errc::too_many_files_open_in_system);
  if (no_descriptor && make_room(shared, nullptr, shared.counts.descriptors)) {
    return accept(listener);
  }
  listener->pause.expires_after(kAcceptPause);
  listener->pause.async_wait([listener](const error_code& stopped) {
    if (!stopped && listener->acceptor.is_open()) accept(listener);
  });
}

std::vector<tcp::endpoint> HttpServer::endpoints() const {
  std::vector<tcp::endpoint> list;
  list.reserve(listeners_.size());
  for (const auto& listener : listeners_) {
    list.push_back(listener->acceptor.local_endpoint());
  }
  return list;
}

}  // namespace canopy
