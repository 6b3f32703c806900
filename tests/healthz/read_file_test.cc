#include "healthz/read_file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "tests/kubewatch/folder.h"

namespace canopy {
namespace {

std::string fault_of(const std::string& path, std::size_t limit = 1 << 20) {
  const FileText read = read_file(path, limit);
  CHECK(read.ok() == read.fault.empty());
  if (!read.ok()) CHECK(read.text.empty());
  return read.fault;
}

void make_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  std::strcpy(address.sun_path, path.c_str());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address),
                 sizeof address) == 0);
  ::close(socket);
}

TEST_CASE("a file is read whole") {
  const TestFolder folder;
  CHECK(read_file(folder.write("empty", ""), 10).ok());
  CHECK(read_file(folder.write("short", "a\nb"), 3).text == "a\nb");
  const std::string large(300'000, 'x');
  CHECK(read_file(folder.write("large", large), 300'000).text == large);
  std::filesystem::create_symlink("short", folder / "link");
  CHECK(read_file(folder / "link", 10).text == "a\nb");
}

TEST_CASE("a file of /proc, whose size is said to be 0, is read too") {
  CHECK(read_file("/proc/self/stat", 1 << 20).text.size() > 10);
}

TEST_CASE("a pipe is read until its writers have closed it") {
  const TestFolder folder;
  const std::string fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(is_pipe(fifo));
  CHECK_FALSE(is_pipe(folder.write("file", "")));
  CHECK_FALSE(is_pipe(folder / "none"));
  const std::string large(300'000, 'x');
  std::thread writer(
      [&] { std::ofstream(fifo) << "a" << std::flush << large; });
  CHECK(read_pipe(fifo, 1 << 20).text == "a" + large);
  writer.join();

  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "abc", 3) == 3);
  ::close(ends[1]);
  const std::string named = "/dev/fd/" + std::to_string(ends[0]);
  CHECK(is_pipe(named));
  CHECK(read_pipe(named, 2).fault == "is larger than 0 KiB");
  ::close(ends[0]);
  CHECK(read_pipe(named, 2).fault.starts_with("cannot be read"));
}

TEST_CASE("what is no file is named, and waited for by nobody") {
  const TestFolder folder;
  const std::string fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  make_socket(folder / "socket");
  CHECK(fault_of(folder.path()) == "is a folder, not a file");
  CHECK(fault_of(fifo) == "is a FIFO or pipe, not a file");
  CHECK(fault_of(folder / "socket") == "is a socket, not a file");
  CHECK(fault_of("/dev/zero") == "is a device, not a file");
  CHECK(fault_of("/dev/tty") == "is a device, not a file");
  CHECK(fault_of_kind(fifo) == "is a FIFO or pipe, not a file");
  CHECK(fault_of_kind("/proc/self/stat").empty());
  CHECK(fault_of_kind(folder / "none").empty());
}

TEST_CASE("what is not there is told from what cannot be read") {
  const TestFolder folder;
  folder.write("file", "x");
  for (const char* name : {"none", "none/below", "file/below"}) {
    const FileText read = read_file(folder / name, 10);
    CHECK(read.missing);
    CHECK(read.fault.starts_with("cannot be read: "));
  }
  std::filesystem::create_symlink("loop", folder / "loop");
  CHECK_FALSE(read_file(folder / "loop", 10).missing);
  CHECK(fault_of(folder / "loop").starts_with("cannot be read: Too many"));
}

TEST_CASE("a file above the limit is not taken") {
  const TestFolder folder;
  const std::string file = folder.write("file", std::string(2049, 'x'));
  CHECK(fault_of(file, 2048) == "is larger than 2 KiB");
  CHECK(fault_of(file, 2049).empty());
  // A hole: nothing on the disk, and never all in memory.
  std::filesystem::resize_file(file, std::uintmax_t{1} << 40);
  CHECK(fault_of(file, 1 << 20) == "is larger than 1 MiB");
}

}  // namespace
}  // namespace canopy
