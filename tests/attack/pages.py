"""Connections to the health port."""

import collections
import contextlib
import socket
import struct
import time

import wire
from attack import Attack, Sent, pace

_RESET = struct.pack("ii", 1, 0)  # closed at once, without TIME_WAIT
_GET = b"GET /metrics HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n"
_SOURCES = [f"127.0.9.{i}" for i in range(1, 17)]


def _open(target, port, source):
    made = socket.socket()
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    made.bind((source, 0))
    made.connect_ex((target.address, port))
    return made


class Storm(Attack):
    """GET /metrics over new connections, each held for a tenth of a second."""

    per_second = 3000
    sources = _SOURCES[:1]
    octets = _GET

    @staticmethod
    def port(target):
        return target.http_port

    def attack(self, target):
        sent, held, number = Sent(), collections.deque(), 0
        per_second = self.per_second / self.processes
        for count in pace(per_second, target.seconds):
            for _ in range(count):
                number += 1
                with contextlib.suppress(OSError):
                    one = _open(target, self.port(target),
                                self.sources[number % len(self.sources)])
                    held.append(one)
                    one.send(self.octets)
                    sent.messages += 1
                    sent.octets += len(self.octets)
            while len(held) > per_second / 10:
                self._close(held.popleft(), sent)
        while held:
            self._close(held.popleft(), sent)
        return sent

    @staticmethod
    def _is_answer(octets):
        return octets.startswith(b"HTTP/1.1 200")

    def _close(self, one, sent):
        with contextlib.suppress(BlockingIOError):
            try:
                good = self._is_answer(one.recv(64))
            except BlockingIOError:
                raise
            except OSError:
                good = False
            sent.answered += good
            sent.shed += not good
        one.close()


class Storm3000(Storm):
    name = "5a"
    what = "3,000 connections a second ask for /metrics"
    processes = 2


class Storm12000(Storm):
    name = "5b"
    what = "12,000 connections a second ask for /metrics"
    per_second = 12_000
    processes = 3


class StormOfMany(Storm):
    name = "5d"
    what = "3,000 a second, of 16 clients"
    sources = _SOURCES
    processes = 2


class DnsStorm(Storm):
    name = "2g"
    what = "3,000 connections a second to the DNS port, a question each"
    processes = 2
    octets = wire.framed(wire.question("cart.shop.svc.cluster.local"))

    @staticmethod
    def port(target):
        return target.port

    @staticmethod
    def _is_answer(octets):
        return len(octets) > 20


class Slowloris(Attack):
    name = "5c"
    what = "1,500 connections of 4 clients send a header, an octet a second"

    def attack(self, target):
        sent, held = Sent(), []
        last = time.monotonic() + target.seconds
        while time.monotonic() < last:
            while len(held) < 1500:
                with contextlib.suppress(OSError):
                    held.append(_open(target, target.http_port,
                                      _SOURCES[len(held) % 4]))
                    sent.messages += 1
                    if sent.messages % 100 == 0:
                        break
            kept = []
            for one in held:
                try:
                    sent.octets += one.send(b"G")
                    kept.append(one)
                except BlockingIOError:
                    kept.append(one)
                except OSError:
                    one.close()
                    sent.shed += 1
            held = kept
            time.sleep(0.2)
        return sent


ATTACKS = [DnsStorm(), Storm3000(), Storm12000(), Slowloris(), StormOfMany()]
