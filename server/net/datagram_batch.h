// Buffers for recvmmsg and sendmmsg, allocated once and reused for each batch.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "server/net/address.h"
#include "server/net/arrival.h"

namespace canopy {

inline constexpr std::size_t kBatch = 64;  // datagrams

// kPerDatagram: the peer's local address is passed with each datagram.  Needed
// for sockets that are bound to all addresses.
enum class LocalAddress : std::uint8_t { kFixed, kPerDatagram };

// Room for one IP_PKTINFO or IPV6_PKTINFO.
inline constexpr std::size_t kControlSize = CMSG_SPACE(sizeof(in6_pktinfo));
struct alignas(cmsghdr) Control {
  std::array<std::uint8_t, kControlSize> octets;
};

class ReceiveBatch {
 public:
  explicit ReceiveBatch(LocalAddress local);
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  // Reads up to kBatch datagrams.  Returns 0 when none waits or the socket
  // failed.
  std::size_t receive(int socket);

  // REQUIRES: `i` is less than the value that receive() returned.
  std::span<const std::uint8_t> message(std::size_t i) const;
  Peer peer(std::size_t i) const;

 private:
  // Queries are far smaller.  A longer message is cut and becomes malformed.
  static constexpr std::size_t kMessageSize = 4096;

  LocalAddress local_;
  // Not zeroed, so that unused pages take no memory.
  std::unique_ptr<std::uint8_t[]> octets_;
  std::array<sockaddr_in6, kBatch> sources_{};
  std::array<Control, kBatch> controls_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> headers_{};
};

class SendBatch {
 public:
  explicit SendBatch(LocalAddress local);
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  // Copies the message.  Returns false when the batch is too full for it.  An
  // empty batch has room for any message.
  bool add(std::span<const std::uint8_t> message, const Peer& peer);
  bool empty() const { return count_ == 0; }
  // Sends everything and empties the batch.  Returns how many datagrams the
  // kernel refused.
  std::size_t send(int socket);

 private:
  static constexpr std::size_t kOctets = kBatch * 1232;

  LocalAddress local_;
  std::size_t count_ = 0;
  std::size_t used_ = 0;
  std::vector<std::uint8_t> octets_;
  std::array<Peer, kBatch> peers_{};
  std::array<Control, kBatch> controls_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> headers_{};
};

}  // namespace canopy
