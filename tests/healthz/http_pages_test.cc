// Pages that cost something, and connections that many want, on the real
// server.
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

using std::chrono::milliseconds;
using std::chrono::steady_clock;

HttpResponse text(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

struct Pages {
  HttpRoutes routes() {
    HttpRoutes routes;
    routes.add("/hello", [](const HttpRequest&) { return text("hello"); });
    routes.add(
        "/count", [this](const HttpRequest&) { return text(count()); },
        HttpWork::kShared);
    routes.add(
        "/slow",
        [this](const HttpRequest&) {
          go_on.get_future().wait();
          return text("slow");
        },
        HttpWork::kShared);
    routes.add(
        "/endless",
        [](const HttpRequest&) {
          HttpResponse response;
          response.next_piece = [] { return std::string(20'000, 'x'); };
          return response;
        },
        HttpWork::kStreamed);
    routes.add(
        "/broken",
        [](const HttpRequest&) {
          HttpResponse response;
          response.next_piece = [first = true]() mutable -> std::string {
            if (std::exchange(first, false)) return "piece";
            throw std::runtime_error("no more");
          };
          return response;
        },
        HttpWork::kStreamed);
    return routes;
  }

  std::string count() { return std::to_string(++built); }

  std::atomic<int> built{0};
  std::promise<void> go_on;
};

std::string read_until(HttpClient& client, std::string_view part) {
  std::string all;
  while (all.find(part) == std::string::npos) {
    const std::string more = client.read_some();
    if (more.empty()) break;
    all += more;
  }
  return all;
}

TEST_CASE("a shared page is made once an interval, however many ask") {
  constexpr milliseconds kInterval{200};
  Pages pages;
  const Serving serving({.page_interval = kInterval}, pages.routes());
  const auto start = steady_clock::now();
  for (int round = 0; round < 5; ++round) {
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(std::make_unique<HttpClient>(serving.port()));
      clients.back()->get("/count");
    }
    for (const auto& client : clients) {
      CHECK_FALSE(body_of(client->read_answer()).empty());
    }
  }
  const auto intervals = (steady_clock::now() - start) / kInterval;
  CHECK(pages.built <= intervals + 1);
  CHECK(pages.built >= 5);  // one a round at least: none is older than it
}

TEST_CASE("nobody gets a page that was begun before he asked") {
  Pages pages;
  const Serving serving({.page_interval = milliseconds(20)}, pages.routes());
  for (int i = 0; i < 10; ++i) {
    const int before = pages.built;
    CHECK(std::stoi(body_of(serving.ask("/count"))) > before);
  }
}

TEST_CASE("health is answered while a page is being made") {
  Pages pages;
  const Serving serving({}, pages.routes());
  HttpClient waits(serving.port());
  waits.get("/slow");
  for (int i = 0; i < 10; ++i) {
    CHECK(body_of(serving.ask("/hello")) == "hello");
  }
  pages.go_on.set_value();
  CHECK(body_of(waits.read_answer()) == "slow");
}

TEST_CASE("a page that is not made in time is 503, and the connection lives") {
  Pages pages;
  const Serving serving({.timeout = milliseconds(200)}, pages.routes());
  HttpClient client(serving.port());
  CHECK(status_of(client.get("/slow").read_answer()) ==
        "HTTP/1.1 503 Service Unavailable");
  CHECK(body_of(client.get("/hello").read_answer()) == "hello");
  pages.go_on.set_value();
}

TEST_CASE("clients that leave while they wait for a page leave nothing") {
  Pages pages;
  const Serving serving({}, pages.routes());
  for (int i = 0; i < 500; ++i) HttpClient(serving.port()).get("/slow");
  CHECK(body_of(serving.ask("/hello")) == "hello");
  CHECK(serving.counts().open_connections <= 32);
  pages.go_on.set_value();
}

TEST_CASE("one client reads one page in pieces, another another") {
  Pages pages;
  const Serving serving({}, pages.routes());
  auto first = std::make_unique<HttpClient>(serving.port());
  CHECK(read_until(first->get("/endless"), "xxx").find("200 OK") !=
        std::string::npos);
  CHECK(status_of(serving.ask("/endless")) ==
        "HTTP/1.1 503 Service Unavailable");
  HttpClient other(serving.port(), "127.0.0.2");
  CHECK(read_until(other.get("/endless"), "xxx").find("200 OK") !=
        std::string::npos);
  CHECK(status_of(HttpClient(serving.port(), "127.0.0.3")
                      .get("/endless")
                      .read_answer()) == "HTTP/1.1 503 Service Unavailable");
  CHECK(serving.counts().refused_streams == 2);
  first.reset();
  // Once the server noticed.
  const auto patience = steady_clock::now() + std::chrono::seconds(20);
  std::string again;
  while (again.find("200 OK") == std::string::npos) {
    REQUIRE(steady_clock::now() < patience);
    HttpClient client(serving.port());
    again = read_until(client.get("/endless"), "\r\n\r\n");
  }
}

TEST_CASE("a page in pieces ends when its time is over, however it is read") {
  Pages pages;
  const Serving serving({.stream_time = milliseconds(100)}, pages.routes());
  HttpClient client(serving.port());
  client.get("/endless").read_to_end();  // else this fails
  CHECK(body_of(serving.ask("/hello")) == "hello");
}

TEST_CASE("a piece that cannot be made ends the connection, not the page") {
  Pages pages;
  const Serving serving({}, pages.routes());
  HttpClient client(serving.port());
  const std::string answer = client.get("/broken").read_to_end();
  CHECK(answer.find("0\r\n\r\n") == std::string::npos);
  CHECK(body_of(serving.ask("/hello")) == "hello");
}

TEST_CASE("what one client opens closes no connection of another") {
  Pages pages;
  const Serving serving({.max_connections = 16}, pages.routes());
  HttpClient quiet(serving.port(), "127.0.0.2");
  CHECK(body_of(quiet.get("/hello").read_answer()) == "hello");
  std::vector<std::unique_ptr<HttpClient>> crowd;
  for (int i = 0; i < 100; ++i) {
    crowd.push_back(std::make_unique<HttpClient>(serving.port()));
    if (i % 3 == 0) crowd.back()->send("GET /hello HT");
    if (i % 3 == 1) crowd.back()->get("/slow");
  }
  CHECK(body_of(serving.ask("/hello")) == "hello");  // all were accepted
  CHECK(body_of(quiet.get("/hello").read_answer()) == "hello");
  CHECK(serving.counts().over_share > 80);
  CHECK(serving.counts().over_limit == 0);
  CHECK(serving.counts().open_connections <= 10);
  pages.go_on.set_value();
}

TEST_CASE("with more clients than places the one that got on least goes") {
  Pages pages;
  const Serving serving({.max_connections = 4}, pages.routes());
  std::vector<std::unique_ptr<HttpClient>> crowd;
  for (int i = 1; i <= 20; ++i) {
    const std::string source = "127.0.1." + std::to_string(i);
    crowd.push_back(
        std::make_unique<HttpClient>(serving.port(), source.c_str()));
    CHECK(body_of(crowd.back()->get("/hello").read_answer()) == "hello");
  }
  CHECK(serving.counts().over_limit == 16);
  CHECK(crowd.front()->is_closed());
}

}  // namespace
}  // namespace canopy
