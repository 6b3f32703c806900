#include "healthz/log_queue.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <future>
#include <string>
#include <thread>

namespace canopy {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{20'000};

std::string note(std::uint64_t lines) {
  return "(" + std::to_string(lines) + " dropped)\n";
}

// A pipe with room for one page, which nobody reads until somebody does.
class Pipe {
 public:
  Pipe() {
    REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0);
    REQUIRE(::fcntl(ends_[1], F_SETPIPE_SZ, 4096) >= 4096);
  }
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return ends_[1]; }
  void close_reader() {
    if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
  }
  // All up to and with `last`.
  std::string read_until(const std::string& last) const {
    std::string text;
    std::array<char, 65536> piece{};
    while (!text.ends_with(last)) {
      const ssize_t size = ::read(ends_[0], piece.data(), piece.size());
      if (size <= 0) break;
      text.append(piece.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

// More than the pipe and the queue hold.
std::size_t add_too_many(LogQueue& queue) {
  const std::string line = std::string(1023, 'x') + "\n";
  const std::size_t count = 3 * LogQueue::kMaxWaiting / line.size();
  for (std::size_t i = 0; i < count; ++i) queue.add(line);
  return count;
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_CASE("lines are written in their order") {
  Pipe pipe;
  LogQueue queue(pipe.writer(), note);
  for (int i = 0; i < 100; ++i) queue.add(std::to_string(i) + "\n");
  const std::string text = pipe.read_until("\n99\n");
  CHECK(text.starts_with("0\n1\n2\n"));
  CHECK(lines_in(text) == 100);
  CHECK(queue.flush(kPatience));
  CHECK(queue.dropped() == 0);
}

TEST_CASE("who does not read holds nobody up, and learns how much was lost") {
  Pipe pipe;
  LogQueue queue(pipe.writer(), note);
  const std::size_t added = add_too_many(queue);  // returns: that is the test
  const std::uint64_t dropped = queue.dropped();
  CHECK(dropped > 0);
  CHECK_FALSE(queue.flush(milliseconds(1)));

  const std::string text = pipe.read_until(" dropped)\n");
  CHECK(text.ends_with("\n" + note(dropped)));
  CHECK(lines_in(text) == added - dropped + 1);
  // What waits and what is being written, and no more.
  CHECK(text.size() <= 2 * LogQueue::kMaxWaiting + 4096);

  queue.add("again\n");
  CHECK(pipe.read_until("\n") == "again\n");
  CHECK(queue.flush(kPatience));
  CHECK(queue.dropped() == dropped);
}

TEST_CASE("a line larger than the queue is dropped, others are not") {
  Pipe pipe;
  LogQueue queue(pipe.writer(), note);
  queue.add(std::string(LogQueue::kMaxWaiting + 1, 'x'));
  CHECK(pipe.read_until("\n") == note(1));
  queue.add("next\n");
  CHECK(pipe.read_until("\n") == "next\n");
}

TEST_CASE("a reader that went away costs the lines, not the process") {
  Pipe pipe;
  pipe.close_reader();
  LogQueue queue(pipe.writer(), note);
  queue.add("lost\n");
  CHECK(queue.flush(kPatience));
  CHECK(queue.dropped() == 1);
}

TEST_CASE("a descriptor that does not block is waited for") {
  Pipe pipe;
  REQUIRE(::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK) == 0);
  LogQueue queue(pipe.writer(), note);
  const std::string line = std::string(1023, 'x') + "\n";
  for (int i = 0; i < 100; ++i) queue.add(line);
  queue.add("end\n");
  CHECK(lines_in(pipe.read_until("end\n")) == 101);
  CHECK(queue.dropped() == 0);
}

TEST_CASE("a queue may go while its thread is held up") {
  Pipe pipe;
  {
    LogQueue queue(pipe.writer(), note);
    add_too_many(queue);
  }  // returns
  CHECK(pipe.read_until(" dropped)\n").size() > LogQueue::kMaxWaiting);
}

}  // namespace
}  // namespace canopy
