#include "server/net/datagram_batch.h"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>

namespace canopy {
namespace {

socklen_t size_of(const sockaddr_in6& address) {
  return address.sin6_family == AF_INET6 ? sizeof(sockaddr_in6)
                                         : sizeof(sockaddr_in);
}

// Reads the address that a datagram was sent to.
void read_local_address(const msghdr& header, Peer& peer) {
  auto* const mutable_header = const_cast<msghdr*>(&header);
  for (cmsghdr* item = CMSG_FIRSTHDR(mutable_header); item != nullptr;
       item = CMSG_NXTHDR(mutable_header, item)) {
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(item), sizeof info);
      std::memcpy(&peer.local, &info.ipi_addr, sizeof info.ipi_addr);
    }
    if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(item), sizeof info);
      peer.local = info.ipi6_addr;
      // Only a link-local address needs its interface.  For other addresses the
      // answer may take another way back.
      if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) {
        peer.interface = info.ipi6_ifindex;
      }
    }
  }
}

template <typename Info>
void write_control(msghdr& header, Control& control, int level, int type,
                   const Info& info) {
  std::memset(control.octets.data(), 0, control.octets.size());
  auto* const item = reinterpret_cast<cmsghdr*>(control.octets.data());
  item->cmsg_level = level;
  item->cmsg_type = type;
  item->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(item), &info, sizeof info);
  header.msg_control = control.octets.data();
  header.msg_controllen = CMSG_SPACE(sizeof info);
}

// Makes the answer leave from the address that the query was sent to.
void write_local_address(msghdr& header, Control& control, const Peer& peer) {
  if (peer.address.sin6_family == AF_INET6) {
    in6_pktinfo info{};
    info.ipi6_addr = peer.local;
    info.ipi6_ifindex = peer.interface;
    write_control(header, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, &peer.local, sizeof info.ipi_spec_dst);
    write_control(header, control, IPPROTO_IP, IP_PKTINFO, info);
  }
}

}  // namespace

ReceiveBatch::ReceiveBatch(LocalAddress local)
    : local_(local),
      octets_(std::make_unique_for_overwrite<std::uint8_t[]>(kBatch *
                                                             kMessageSize)) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors_[i] = {octets_.get() + i * kMessageSize, kMessageSize};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &sources_[i];
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
  }
}

std::size_t ReceiveBatch::receive(int socket) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    header.msg_namelen = sizeof sources_[i];
    if (local_ == LocalAddress::kFixed) continue;
    header.msg_control = controls_[i].octets.data();
    header.msg_controllen = kControlSize;
  }
  const int count =
      ::recvmmsg(socket, headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::span<const std::uint8_t> ReceiveBatch::message(std::size_t i) const {
  return {octets_.get() + i * kMessageSize, headers_[i].msg_len};
}

Peer ReceiveBatch::peer(std::size_t i) const {
  Peer peer;
  peer.address = sources_[i];
  if (local_ == LocalAddress::kPerDatagram) {
    read_local_address(headers_[i].msg_hdr, peer);
  }
  return peer;
}

SendBatch::SendBatch(LocalAddress local) : local_(local), octets_(kOctets) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &peers_[i].address;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
  }
}

bool SendBatch::add(std::span<const std::uint8_t> message, const Peer& peer) {
  if (count_ == kBatch || message.size() > octets_.size() - used_) return false;
  std::uint8_t* const octets = octets_.data() + used_;
  std::memcpy(octets, message.data(), message.size());
  used_ += message.size();
  peers_[count_] = peer;
  vectors_[count_] = {octets, message.size()};
  msghdr& header = headers_[count_].msg_hdr;
  header.msg_namelen = size_of(peer.address);
  if (local_ == LocalAddress::kPerDatagram) {
    write_local_address(header, controls_[count_], peer);
  }
  ++count_;
  return true;
}

std::size_t SendBatch::send(int socket) {
  std::size_t refused = 0;
  std::size_t done = 0;
  while (done < count_) {
    const int sent = ::sendmmsg(socket, headers_.data() + done,
                                static_cast<unsigned>(count_ - done),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    // The kernel refused the first remaining datagram.  Try the ones after it.
    ++refused;
    ++done;
  }
  count_ = 0;
  used_ = 0;
  return refused;
}

}  // namespace canopy
