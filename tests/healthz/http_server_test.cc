#include "healthz/http_server.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/healthz/http_client.h"
#include "tests/healthz/http_serving.h"

namespace canopy {
namespace {

namespace net = boost::asio;

HttpResponse text(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

HttpRoutes pages() {
  HttpRoutes routes;
  routes.add("/hello", [](const HttpRequest&) { return text("hello"); });
  routes.add("/whence", [](const HttpRequest& request) {
    return text(request.from_loopback ? "loopback" : "elsewhere");
  });
  routes.add("/broken", [](const HttpRequest&) -> HttpResponse {
    throw std::runtime_error("no such luck");
  });
  routes.add(
      "/stream",
      [](const HttpRequest&) {
        HttpResponse response;
        response.next_piece = [left = 3]() mutable {
          return left-- > 0 ? "piece\n" : std::string();
        };
        return response;
      },
      HttpWork::kStreamed);
  return routes;
}

TEST_CASE("a page is answered with its length and type") {
  const Serving serving({}, pages());
  const std::string answer = serving.ask("/hello");
  CHECK(status_of(answer) == "HTTP/1.1 200 OK");
  CHECK(answer.find("Content-Type: text/plain; charset=utf-8\r\n") !=
        std::string::npos);
  CHECK(body_of(answer) == "hello");
}

TEST_CASE("a connection carries one request after the other") {
  const Serving serving({}, pages());
  HttpClient client(serving.port());
  CHECK(body_of(client.get("/hello").read_answer()) == "hello");
  CHECK(body_of(client.get("/hello?x=y").read_answer()) == "hello");
  client.get("/hello").get("/hello");
  CHECK(body_of(client.read_answer()) == "hello");
  CHECK(body_of(client.read_answer()) == "hello");
}

TEST_CASE("Connection: close and HTTP/1.0 end with the answer") {
  const Serving serving({}, pages());
  HttpClient polite(serving.port());
  polite.send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(body_of(polite.read_to_end()) == "hello");
  HttpClient old(serving.port());
  old.send("GET /hello HTTP/1.0\r\n\r\n");
  CHECK(body_of(old.read_to_end()) == "hello");
}

TEST_CASE("HEAD has the header of GET and no body") {
  const Serving serving({}, pages());
  HttpClient client(serving.port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_to_end();
  CHECK(status_of(answer) == "HTTP/1.1 200 OK");
  CHECK(answer.find("Content-Length: 5\r\n") != std::string::npos);
  CHECK(body_of(answer).empty());
}

TEST_CASE("what is not a small GET or HEAD of a page is refused") {
  struct Case {
    std::string request;
    std::string status;
  };
  const std::vector<Case> cases{
      {"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
       "HTTP/1.1 404 Not Found"},
      {"GET /broken HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
       "HTTP/1.1 500 Internal Server Error"},
      {"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
       "HTTP/1.1 405 Method Not Allowed"},
      {"DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n",
       "HTTP/1.1 405 Method Not Allowed"},
      {"GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
       "HTTP/1.1 413 Payload Too Large"},
      {"GET /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
       "HTTP/1.1 413 Payload Too Large"},
      {"GET /hello HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n",
       "HTTP/1.1 431 Request Header Fields Too Large"},
      {"GET /" + std::string(60000, 'x') + " HTTP/1.1\r\n\r\n",
       "HTTP/1.1 431 Request Header Fields Too Large"},
      {"\x16\x03\x01 not http at all\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET /hello HTTP/2.0\r\nHost: x\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 Bad Request"},
  };
  const Serving serving({}, pages());
  for (const Case& one : cases) {
    CAPTURE(one.request.substr(0, 40));
    HttpClient client(serving.port());
    client.send(one.request);
    CHECK(status_of(client.read_to_end()) == one.status);
  }
}

// What stands in front of us may see one request where we see two, or the
// other way round: refused, and the connection closed.
TEST_CASE("requests whose end or host could be read in two ways are refused") {
  struct Case {
    std::string fields;
    std::string status;
  };
  const std::string kBad = "HTTP/1.1 400 Bad Request";
  const std::string kUnknown = "HTTP/1.1 501 Not Implemented";
  const std::vector<Case> cases{
      {"Host: x\r\nTransfer-Encoding: xchunked\r\n", kUnknown},
      {"Host: x\r\nTransfer-Encoding: gzip, chunked\r\n", kUnknown},
      {"Host: x\r\nTransfer-Encoding: chunked, identity\r\n", kUnknown},
      {"Host: x\r\nTransfer-Encoding: chunked;x=y\r\n", kUnknown},
      {"Host: x\r\nTransfer-Encoding:\r\n", kUnknown},
      {"Host: x\r\nTransfer-Encoding: chunked\r\n"
       "Transfer-Encoding: chunked\r\n",
       kBad},
      {"Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n", kBad},
      {"Host: x\r\nContent-Length: 3\r\nTransfer-Encoding: xchunked\r\n", kBad},
      {"Host: x\r\nContent-Length: 0\r\nContent-Length: 3\r\n", kBad},
      {"Host: x\r\nContent-Length: +3\r\n", kBad},
      {"Host: x\r\nContent-Length: 0x3\r\n", kBad},
      {"Host: x\r\nTransfer-Encoding : chunked\r\n", kBad},
      {"Host: x\r\nX: a\r\n b\r\n", kBad},
      {"Host: x\nX: a\r\n", kBad},
      {"Host: x\rX: a\r\n", kBad},
      {" Host: x\r\n", kBad},
      {"", kBad},
      {"Host: x\r\nHost: x\r\n", kBad},
      {"Host: x\r\nHost: y\r\n", kBad},
      {"Host: x, y\r\n", kBad},
      {"Host: a@b\r\n", kBad},
  };
  const Serving serving({}, pages());
  for (const Case& one : cases) {
    CAPTURE(one.fields);
    HttpClient client(serving.port());
    client.send("GET /hello HTTP/1.1\r\n" + one.fields +
                "\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answer = client.read_to_end();
    CHECK(status_of(answer) == one.status);
    CHECK(answer.find("hello") == std::string::npos);
  }
  HttpClient old(serving.port());
  old.send("GET /hello HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(status_of(old.read_to_end()) == kBad);
}

TEST_CASE("absolute targets and empty lines before a request are no fault") {
  const Serving serving({}, pages());
  HttpClient client(serving.port());
  client.send("\r\n\r\nGET http://x/hello HTTP/1.1\r\nHost: y\r\n\r\n");
  CHECK(body_of(client.read_answer()) == "hello");
}

// DNS rebinding: the attacker's page is shown by a browser on this machine, and
// its name resolves to 127.0.0.1.
TEST_CASE("a client here that means another host is not from loopback") {
  const Serving serving({}, pages());
  const auto whence = [&](const std::string& target, const std::string& host) {
    HttpClient client(serving.port());
    client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return body_of(client.read_answer());
  };
  CHECK(whence("/whence", "localhost:8080") == "loopback");
  CHECK(whence("/whence", "[::1]:8080") == "loopback");
  CHECK(whence("/whence", "evil.example") == "elsewhere");
  CHECK(whence("/whence", "localhost.evil.example:8080") == "elsewhere");
  CHECK(whence("http://evil.example/whence", "localhost") == "elsewhere");
  CHECK(whence("http://localhost/whence", "evil.example") == "loopback");
  HttpClient old(serving.port());
  old.send("GET /whence HTTP/1.0\r\n\r\n");
  CHECK(body_of(old.read_to_end()) == "loopback");
}

TEST_CASE("a refusal of the method says which are allowed") {
  const Serving serving({}, pages());
  HttpClient client(serving.port());
  client.send("PUT /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(client.read_to_end().find("Allow: GET, HEAD\r\n") != std::string::npos);
}

TEST_CASE("a stream comes in chunks, and plain to HTTP/1.0") {
  const Serving serving({}, pages());
  HttpClient client(serving.port());
  client.send("GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_to_end();
  CHECK(answer.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(body_of(answer) ==
        "6\r\npiece\n\r\n6\r\npiece\n\r\n6\r\npiece\n\r\n0\r\n\r\n");

  HttpClient old(serving.port());
  old.send("GET /stream HTTP/1.0\r\n\r\n");
  CHECK(body_of(old.read_to_end()) == "piece\npiece\npiece\n");
}

TEST_CASE("a connection is good for more after a stream") {
  const Serving serving({}, pages());
  HttpClient client(serving.port());
  client.get("/stream").send(
      "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string both = client.read_to_end();
  CHECK(both.find("0\r\n\r\nHTTP/1.1 200 OK\r\n") != std::string::npos);
  CHECK(both.substr(both.size() - 5) == "hello");
}

TEST_CASE("silent and half-spoken clients delay nobody") {
  const Serving serving({}, pages());
  std::vector<std::unique_ptr<HttpClient>> silent;
  for (int i = 0; i < 40; ++i) {
    silent.push_back(std::make_unique<HttpClient>(serving.port()));
    if (i % 2 == 0) silent.back()->send("GET /hello HTTP/1.1\r\nHos");
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK(body_of(serving.ask("/hello")) == "hello");
  // Their time-out is five seconds: this is not waiting for one of them.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));
}

TEST_CASE("at its share a client's own longest idle connection goes") {
  const Serving serving({.max_connections = 6}, pages());
  HttpClient first(serving.port());
  HttpClient second(serving.port());
  HttpClient third(serving.port());
  // Answers order the events: all three are connected, the first is active.
  CHECK(body_of(second.get("/hello").read_answer()) == "hello");
  CHECK(body_of(third.get("/hello").read_answer()) == "hello");
  CHECK(body_of(first.get("/hello").read_answer()) == "hello");
  CHECK(body_of(serving.ask("/hello")) == "hello");
  CHECK(second.is_closed());
  CHECK(body_of(third.get("/hello").read_answer()) == "hello");
  CHECK(body_of(first.get("/hello").read_answer()) == "hello");
}

TEST_CASE("a crowd of silent connections keeps nobody out") {
  const Serving serving({.max_connections = 8}, pages());
  std::vector<std::unique_ptr<HttpClient>> silent;
  for (int i = 0; i < 200; ++i) {
    silent.push_back(std::make_unique<HttpClient>(serving.port()));
    if (i % 20 == 0) CHECK(body_of(serving.ask("/hello")) == "hello");
  }
  CHECK(silent.front()->is_closed());
}

TEST_CASE("clients that say nothing, or not all, are closed in time") {
  const Serving serving({.timeout = std::chrono::milliseconds(100)}, pages());
  HttpClient silent(serving.port());
  HttpClient half(serving.port());
  half.send("GET /hello HTTP/1.1\r\nHost: ");
  CHECK(silent.is_closed());
  CHECK(half.is_closed());
}

TEST_CASE("a client that does not read costs a bounded part of a stream") {
  std::atomic<int> pieces{0};
  std::promise<void> freed;
  HttpRoutes routes = pages();
  routes.add(
      "/endless",
      [&](const HttpRequest&) {
        const std::shared_ptr<void> at_end(nullptr,
                                           [&](void*) { freed.set_value(); });
        HttpResponse response;
        response.next_piece = [&pieces, at_end] {
          ++pieces;
          return std::string(65536, 'x');
        };
        return response;
      },
      HttpWork::kStreamed);
  const Serving serving({.timeout = std::chrono::milliseconds(200)},
                        std::move(routes));
  HttpClient lazy(serving.port());
  lazy.get("/endless");
  CHECK(body_of(serving.ask("/hello")) == "hello");
  REQUIRE(freed.get_future().wait_for(std::chrono::seconds(10)) ==
          std::future_status::ready);
  // What the kernel buffers for the connection, and no more.
  CHECK(pieces > 0);
  CHECK(pieces < 1000);
}

TEST_CASE("a client on this machine is told from others, by either family") {
  const Serving serving({}, pages());
  CHECK(body_of(serving.ask("/whence")) == "loopback");

  // On all addresses IPv4 clients come with an IPv4-mapped address.
  net::io_context io(1);
  const HttpServer everywhere(io, {.listen = {{{}, 0}}}, pages());
  const std::uint16_t port = everywhere.endpoints().front().port();
  std::thread thread([&] { io.run(); });
  CHECK(body_of(HttpClient(port).get("/whence").read_answer()) == "loopback");
  io.stop();
  thread.join();
}

const net::ip::address kLoopback = net::ip::address_v4::loopback();

std::string refusal(const HttpServerOptions& options) {
  net::io_context io(1);
  try {
    const HttpServer server(io, options, pages());
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

TEST_CASE("a port in use is one line with what to do") {
  const Serving serving({}, pages());
  HttpServerOptions options{
      .listen = {{{kLoopback}, 0}, {{kLoopback}, serving.port()}}};
  const std::string where =
      "http: cannot listen on 127.0.0.1:" + std::to_string(serving.port()) +
      " (TCP): Address already in use; free that port or "
      "choose another with ";
  CHECK(refusal(options) == where + "--healthz-port");
  options.set_by = "health, ready or prometheus";
  CHECK(refusal(options) == where + "health, ready or prometheus");
}

TEST_CASE("several addresses share the port that was free") {
  net::io_context io(1);
  const HttpServer server(io,
                          {.listen = {{{net::ip::make_address("127.0.0.2"),
                                        net::ip::make_address("127.0.0.3")},
                                       0}}},
                          pages());
  const auto endpoints = server.endpoints();
  REQUIRE(endpoints.size() == 2);
  CHECK(endpoints[0].port() == endpoints[1].port());
  CHECK(endpoints[1].address().to_string() == "127.0.0.3");
}

TEST_CASE("each address has all pages, and all share counts and limits") {
  net::io_context io(1);
  const HttpServer server(
      io,
      {.listen = {{{kLoopback}, 0}, {{kLoopback}, 0}, {{kLoopback}, 0}},
       .limits = {.max_connections = 2}},
      pages());
  const auto endpoints = server.endpoints();
  REQUIRE(endpoints.size() == 3);
  std::thread thread([&] { io.run(); });
  HttpClient first(endpoints[0].port());
  CHECK(body_of(first.get("/hello").read_answer()) == "hello");
  HttpClient second(endpoints[1].port());
  CHECK(body_of(second.get("/hello").read_answer()) == "hello");
  CHECK(first.is_closed());  // its client's share is one of the two places
  CHECK(body_of(HttpClient(endpoints[2].port()).get("/hello").read_answer()) ==
        "hello");
  CHECK(server.counts().connections == 3);
  io.stop();
  thread.join();
}

TEST_CASE("without an address there is no listener") {
  net::io_context io(1);
  const HttpServer server(io, {}, pages());
  CHECK(server.endpoints().empty());
  CHECK(server.counts().connections == 0);
}

TEST_CASE("the end of the server is the end of its connections") {
  Serving serving({}, pages());
  HttpClient client(serving.port());
  CHECK(body_of(client.get("/hello").read_answer()) == "hello");
  serving.end();
  CHECK(client.is_closed());
}

}  // namespace
}  // namespace canopy
