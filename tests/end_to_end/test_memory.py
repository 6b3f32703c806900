"""The memory that clients make the server hold is bounded in total, by the
memory limit of deploy/, and is returned when the clients leave."""

import contextlib
import re
import socket
import struct

import pytest

from ask import question
from kube_apiserver import objects
from memory_group import memory_group
from others import Others
from test_floods import FLOODER, connect, figures
from until import until

pytestmark = pytest.mark.measured

LIMIT = 170 << 20  # of deploy/
PEAK = 128 << 20
LEFT = 16 << 20  # more than before, when it is over
NAME = "web.shop.svc.cluster.local"
BIG = question("big.shop.svc.cluster.local").to_wire()
BIG_ADDRESSES = [f"10.{i // 250 + 1}.1.{i % 250 + 1}" for i in range(4000)]


def framed(wire):
    return struct.pack("!H", len(wire)) + wire


@pytest.fixture
def server(serve):
    """A server with the limit of deploy/, where that can be set, and an
    upstream's answer of nearly 64 KiB."""
    with memory_group(LIMIT) as prefix, contextlib.ExitStack() as started:
        made = serve(objects.namespace("shop"),
                     objects.service("shop", "web", clusterIP="10.96.0.2"),
                     objects.service("shop", "big", clusterIP="None"),
                     *(objects.endpoint_slice(
                         "shop", "big", BIG_ADDRESSES[i:i + 1000],
                         name=f"big-{i}") for i in range(0, 4000, 1000)),
                     flags=["--workers=2"], prefix=prefix)
        started.callback(made.stop)
        made.is_limited = bool(prefix)
        yield made


def memory_of(server, what):
    with open(f"/proc/{server.pid}/status") as file:
        return int(re.search(rf"{what}:\s+(\d+)", file.read())[1]) << 10


def budget_of(server):
    return server.metrics().sum("canopydns_memory_budget_bytes")


def used_of(server):
    return server.metrics().sum("canopydns_memory_budget_used_bytes")


class Attack:
    """Holds connections open, while other clients lose nothing."""

    def __init__(self, server):
        self._server = server
        self._held = contextlib.ExitStack()
        self._before = memory_of(server, "VmRSS")
        self._others = Others(server)
        self.connections = 0

    def open(self, source, octets):
        with contextlib.suppress(OSError):
            one = self._held.enter_context(connect(self._server, source))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.setblocking(False)
            one.send(octets)
            self.connections += 1

    def honest_clients_lose_nothing(self):
        for _ in range(50):
            assert self._others.find(NAME) == ["10.96.0.2"]
            assert self._server.data(NAME, tcp=True) == ["10.96.0.2"]
        found = self._server.data("big.shop.svc.cluster.local", tcp=True)
        assert len(found) > 3900

    def end(self, what):
        peak = memory_of(self._server, "VmHWM")
        used = used_of(self._server)
        shed = self._server.metrics().sum("canopydns_tcp_shed_total")
        self._held.close()
        self._server.until(lambda: used_of(self._server) < 1 << 20,
                           "the budget to be given back")
        more = until(
            self._is_given_back,
            lambda: f"memory to go back, of {peak >> 20} MiB at the peak: "
                    f"{memory_of(self._server, 'VmRSS') >> 20} MiB are left, "
                    f"{self._before >> 20} MiB were before")
        figures(what, connections=self.connections, shed=shed,
                KiB_of_budget=used / 1024, MiB_peak=peak / 2**20,
                MiB_more_after=more / 2**20, **self._others.figures())
        assert used <= budget_of(self._server)
        if self._server.is_limited:
            assert budget_of(self._server) == LIMIT // 8
        assert peak < PEAK

    def _is_given_back(self):
        more = memory_of(self._server, "VmRSS") - self._before
        return more < LEFT and max(more, 1)


def test_answers_that_are_not_read(server, many_files):
    """160 connections query 64 KiB 60 times each, and read nothing."""
    attack = Attack(server)
    for number in range(160):
        attack.open(f"127.0.8.{number % 40 + 1}", framed(BIG) * 60)
    attack.honest_clients_lose_nothing()
    attack.end("160 * 60 answers of 64 KiB not read")


def test_cached_answers_that_are_not_read(server, many_files):
    """900 connections query a cached answer, and read nothing."""
    attack = Attack(server)
    for number in range(900):
        attack.open(f"127.0.8.{number % 200 + 1}", framed(BIG) * 2)
    attack.honest_clients_lose_nothing()
    attack.end("900 cached answers not read")


def test_one_client_that_reads_nothing(server, many_files):
    attack = Attack(server)
    for number in range(600):
        attack.open(FLOODER, framed(BIG) * 60)
    attack.honest_clients_lose_nothing()
    assert used_of(server) <= budget_of(server) / 2 + (1 << 20)
    attack.end("one client that reads nothing")


def test_long_messages_that_do_not_end(server, many_files):
    """1,000 connections send a message of 64 KiB without its end."""
    attack = Attack(server)
    for number in range(1000):
        attack.open(f"127.0.8.{number % 200 + 1}", b"\xff\xff" + b"x" * 60000)
    attack.honest_clients_lose_nothing()
    attack.end("1,000 messages of 64 KiB that do not end")
