// Uses real workers, one of which a message can block.
#include "server/workers/watchdog.h"

#include <doctest/doctest.h>

#include <future>
#include <string>
#include <thread>

#include "tests/server/dns_client.h"
#include "tests/server/scripted_workers.h"

namespace canopy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLimit{200};

struct Watched {
  explicit Watched(milliseconds limit) : dog(limit, server.workers(), end()) {
    dog.start();
  }
  ~Watched() { server.unblock(); }

  Watchdog::End end() {
    return [this](const std::string& why) { ended.set_value(why); };
  }
  // Returns the reason, or nothing when none came within `time`.
  std::string reason(milliseconds time) {
    auto future = ended.get_future();
    return future.wait_for(time) == std::future_status::ready ? future.get()
                                                              : "";
  }

  ScriptedWorkers server;
  std::promise<std::string> ended;
  Watchdog dog;
};

TEST_CASE("workers that turn are left alone") {
  Watched watched(seconds(1));
  const Worker& worker = watched.server.workers().worker(0);
  const auto patience = std::chrono::steady_clock::now() + seconds(20);
  while (worker.turns() < 15) {  // once every tenth of the limit
    REQUIRE(std::chrono::steady_clock::now() < patience);
    std::this_thread::sleep_for(milliseconds(10));
  }
  CHECK(watched.reason(milliseconds(0)).empty());
}

TEST_CASE("a worker that hangs is named") {
  Watched watched(kLimit);
  UdpClient(watched.server.cache_tier()).send("block");
  const std::string why = watched.reason(seconds(20));
  CHECK(why.starts_with("worker 1 (thread "));
  CHECK(why.find("has hung for 0.2 s (--watchdog)") != std::string::npos);
}

TEST_CASE("a limit of 0 watches nobody") {
  Watched watched(milliseconds(0));
  UdpClient(watched.server.cache_tier()).send("block");
  CHECK(watched.reason(5 * kLimit).empty());
}

TEST_CASE("while the process drains no worker is watched") {
  Watched watched(kLimit);
  watched.dog.rest();
  UdpClient(watched.server.cache_tier()).send("block");
  CHECK(watched.reason(5 * kLimit).empty());
}

TEST_CASE("a stop that takes too long ends, watched or not") {
  for (const milliseconds limit : {kLimit, milliseconds(0)}) {
    Watched watched(limit);
    watched.dog.end_within(milliseconds(50));
    CHECK(watched.reason(seconds(20)) ==
          "the process did not stop in time: exiting with code 1");
  }
}

}  // namespace
}  // namespace canopy
