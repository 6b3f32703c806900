#!/usr/bin/python3
"""The upstream: a quick recursive resolver, a process of its own.  Answers
until stdin ends; prints where it listens.

  NAME.honest.test   an address, at once
  NAME.dead.test     no answer: its servers are dead
  NAME.slow.test     300 addresses, after 1.7 s
  NAME.big.test      TXT records of 60 KiB, over TCP
  NAME.late.test     the same, after 1.7 s
  NAME.chain.test    64 KiB made to be costly to read, over TCP
All other names do not exist."""

import asyncio
import struct
import sys

import wire

_QR_RA = 0x8180


def _reply(query, end, rcode=0, answers=(), authority=b"", flags=0):
    head = wire.HEADER.pack(
        struct.unpack_from("!H", query)[0], _QR_RA | flags | rcode, 1,
        len(answers), 1 if authority else 0, 0)
    return head + query[12:end] + b"".join(answers) + authority


def _record(rtype, rdata, ttl=60, owner=wire.pointer(12)):
    return owner + struct.pack("!HHIH", wire.TYPES[rtype], 1, ttl,
                               len(rdata)) + rdata


def _addresses(count):
    return [_record("A", struct.pack("!I", 0xC0000201 + i), 5)
            for i in range(count)]


_SOA = (wire.name("test") + struct.pack("!HHIH", 6, 1, 60, 22) + b"\0\0" +
        struct.pack("!5I", 1, 1800, 900, 604800, 60))


def _big(rtype):
    if rtype != wire.TYPES["TXT"]:
        return []
    return [_record("TXT", b"".join(b"\xff" + b"%5d" % i + b"x" * 250
                                    for _ in range(4)), 300)
            for i in range(59)]


def _chain(end):
    """A record that is nothing but pointers, and behind it as many CNAMEs as
    there is room for, whose owners and targets are the end of that chain."""
    start = end + 12
    chain = wire.pointer_chain(start, 16382 - start & ~1)
    records = [_record("NULL", chain)]
    last = wire.pointer(start + len(chain) - 2)
    size = end + len(records[0])
    one = _record("CNAME", last, owner=last)
    return records + [one] * ((65535 - size) // len(one))


def respond(query, tcp):
    """(seconds to wait, reply), or None."""
    name, at = wire.read_name(query)
    end = at + 4
    rtype = struct.unpack_from("!H", query, at)[0]
    domain = name.split(".")[-2:-1]
    if domain == ["honest"]:
        if rtype != wire.TYPES["A"]:
            return 0, _reply(query, end, authority=_SOA)
        return 0, _reply(query, end, answers=_addresses(1))
    if domain == ["dead"]:
        return None
    if domain in (["slow"], ["big"], ["late"], ["chain"]) and not tcp:
        return 0, _reply(query, end, flags=wire.TC)
    if domain == ["slow"]:
        return 1.7, _reply(query, end, answers=_addresses(300))
    if domain in (["big"], ["late"]):
        texts = _big(rtype)
        reply = _reply(query, end, answers=texts,
                       authority=b"" if texts else _SOA)
        return 1.7 * (domain == ["late"]), reply
    if domain == ["chain"]:
        return 0, _reply(query, end, answers=_chain(end))
    return 0, _reply(query, end, wire.NXDOMAIN, authority=_SOA)


class Udp(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, query, client):
        found = respond(query, tcp=False)
        if found and not found[0]:
            self._transport.sendto(found[1], client)
        elif found:
            asyncio.get_running_loop().call_later(
                found[0], self._transport.sendto, found[1], client)


class Tcp(asyncio.Protocol):
    def connection_made(self, transport):
        self._transport = transport
        self._frames = wire.Frames()

    def data_received(self, octets):
        for query in self._frames.feed(octets):
            found = respond(query, tcp=True)
            if found:
                asyncio.get_running_loop().call_later(
                    found[0], self._write, wire.framed(found[1]))

    def _write(self, octets):
        if not self._transport.is_closing():
            self._transport.write(octets)


async def serve(address, port):
    loop = asyncio.get_running_loop()
    udp, _ = await loop.create_datagram_endpoint(
        Udp, local_addr=(address, port))
    port = udp.get_extra_info("sockname")[1]
    await loop.create_server(Tcp, address, port, backlog=1024)
    print(f"{address}:{port}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
