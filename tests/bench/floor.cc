// The least a UDP DNS server of one thread can do for a query: read it, set a
// few bits, append one fixed address, send it.  The bench compares with this,
// and forwards to it.
//
//   floor PORT      answers on 127.0.0.1 until it is killed
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t kBatch = 64;  // datagrams
constexpr std::size_t kMessageSize = 1500;
constexpr std::size_t kHeaderSize = 12;

// A pointer to the question's name, type A, class IN, TTL 300, 192.0.2.1.
constexpr std::array<std::uint8_t, 16> kAnswer = {
    0xc0, kHeaderSize, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4, 192, 0, 2, 1};

struct Datagram {
  std::array<std::uint8_t, kMessageSize + kAnswer.size()> octets;
  sockaddr_in peer;
  iovec vector;
};

// Where the question ends; 0 if it does not.
std::size_t question_end(const Datagram& datagram, std::size_t size) {
  std::size_t at = kHeaderSize;
  while (at < size && datagram.octets[at] != 0) at += datagram.octets[at] + 1;
  at += 1 + 4;  // the root label, type and class
  return at <= size ? at : 0;
}

// Makes the answer of the question.  Returns its size; 0: no answer.
std::size_t answer(Datagram& datagram, std::size_t size) {
  const std::size_t end = question_end(datagram, size);
  if (end == 0) return 0;
  std::uint8_t* const octets = datagram.octets.data();
  octets[2] |= 0x80;              // QR
  octets[3] = 0x80;               // RA, NOERROR
  octets[7] = 1;                  // one answer,
  std::memset(octets + 8, 0, 4);  // nothing else: an OPT is cut off
  std::memcpy(octets + end, kAnswer.data(), kAnswer.size());
  return end + kAnswer.size();
}

int listen_on(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM, 0);
  const int buffer = 4 << 20;
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address),
             sizeof address) != 0) {
    std::perror("floor: bind");
    std::exit(1);
  }
  return descriptor;
}

[[noreturn]] void serve(int descriptor) {
  static std::array<Datagram, kBatch> datagrams;
  std::array<mmsghdr, kBatch> in{};
  std::array<mmsghdr, kBatch> out{};
  for (;;) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      Datagram& datagram = datagrams[i];
      datagram.vector = {datagram.octets.data(), kMessageSize};
      in[i].msg_hdr.msg_name = &datagram.peer;
      in[i].msg_hdr.msg_namelen = sizeof datagram.peer;
      in[i].msg_hdr.msg_iov = &datagram.vector;
      in[i].msg_hdr.msg_iovlen = 1;
    }
    const int got =
        ::recvmmsg(descriptor, in.data(), kBatch, MSG_WAITFORONE, nullptr);
    unsigned answers = 0;
    for (int i = 0; i < got; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const std::size_t size = answer(datagrams[at], in[at].msg_len);
      if (size == 0) continue;
      datagrams[at].vector.iov_len = size;
      out[answers++] = in[at];
    }
    for (unsigned sent = 0; sent < answers;) {
      const int now = ::sendmmsg(descriptor, &out[sent], answers - sent, 0);
      sent += now > 0 ? static_cast<unsigned>(now) : 1;  // lost: the next one
    }
  }
}

}  // namespace

int main(int count, char** words) {
  const int port = count == 2 ? std::atoi(words[1]) : 0;
  if (port <= 0 || port > 65'535) {
    std::fprintf(stderr, "usage: floor PORT\n");
    return 2;
  }
  serve(listen_on(static_cast<std::uint16_t>(port)));
}
