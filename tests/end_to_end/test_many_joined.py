"""Thousands of queries that wait for one answer: other clients are not delayed,
and memory stays bounded.

Each address of loopback is a separate client."""

import contextlib
import pathlib
import re
import select
import signal
import socket
import struct
import threading

import dns.flags
import dns.message
import pytest

from ask import data, extended_errors, flags, question, rcode
from canopy import IS_SANITIZED
from kube_apiserver import objects
from others import Others
from until import until

NAME = "web.shop.svc.cluster.local"
HONEST = 250  # questions; fewer than a listener answers in one turn
MEMORY = 32 << 20  # octets more at the peak
TIMESTAMPNS = 35  # SO_TIMESTAMPNS, which Python's socket does not name


def shed_copies(server):
    return server.metrics().sum("canopydns_forward_shed_total",
                                reason="same_question")


class Client:
    """A socket that records when the kernel received each reply."""

    def __init__(self, server, source):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((source, 0))
        self._socket.connect(("127.0.0.1", server.port))
        self._socket.settimeout(30)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._socket.close()

    def ask(self, wire, count):
        for _ in range(count):
            self._socket.send(wire)

    def replies(self, count):
        """(nanoseconds, message) of each."""
        return [self._receive() for _ in range(count)]

    def has_replies(self):
        return bool(select.select([self._socket], [], [], 0)[0])

    def _receive(self):
        wire, more, _, _ = self._socket.recvmsg(4096, 256)
        seconds, nanoseconds = next(
            struct.unpack("qq", octets) for _, kind, octets in more
            if kind == TIMESTAMPNS)
        return seconds * 10**9 + nanoseconds, dns.message.from_wire(wire)


class SlowDomain:
    """A script that answers the attacker's names only after open()."""

    def __init__(self, addresses):
        self._addresses = addresses
        # Built by hand, because dnspython takes a second for thousands.
        self._records = b"".join(
            struct.pack("!HHHIH4B", 0xC00C, 1, 1, 60, 4,
                        192, number >> 8, 2, (number + 1) & 255)
            for number in range(addresses))
        self._opened = threading.Event()

    def __call__(self, query, tcp):
        reply = dns.message.make_response(query)
        reply.use_edns(False)
        if len(self._records) > 1000 and not tcp:
            reply.flags |= dns.flags.TC
            return reply
        self._opened.wait(30)
        wire = bytearray(reply.to_wire())
        wire[6:8] = struct.pack("!H", self._addresses)
        return bytes(wire + self._records)

    def open(self):
        self._opened.set()


class Flood:
    """Copies of two queries, this many from each client.  All of them wait for
    an answer once this is constructed."""

    def __init__(self, stack, server, clients, copies):
        self._server, self._copies = server, copies
        self._clients = [
            stack.enter_context(Client(server, f"127.0.7.{number + 1}"))
            for number in range(clients)]
        for attempt in range(5):
            self.names = [f"slow{n}.a{attempt}.attack.test." for n in (1, 2)]
            self._ask()
            if not self.is_answered():
                return
            self.replies()  # a slow machine's server lost patience
        raise AssertionError("the questions did not wait")

    @property
    def size(self):
        return 2 * self._copies * len(self._clients)

    def is_answered(self):
        return any(client.has_replies() for client in self._clients)

    def replies(self):
        return [reply for client in self._clients
                for reply in client.replies(2 * self._copies)]

    def _ask(self):
        wanted = self._server.forwarded() + self.size
        for client in self._clients:
            for name in self.names:
                client.ask(question(name).to_wire(), self._copies)
            until(lambda: not waits_to_be_read(self._server.port),
                  "the questions to be read")
        self._server.until(lambda: self._server.forwarded() >= wanted,
                           "the questions to wait")


@pytest.fixture
def start(serve):
    def serving(*flags):
        return serve(objects.namespace("shop"),
                     objects.service("shop", "web", clusterIP="10.96.0.2"),
                     flags=flags)
    return serving


def is_stopped(server):
    stat = pathlib.Path(f"/proc/{server.pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "T"


def waits_to_be_read(port):
    """Returns the octets in the kernel for UDP sockets of this port."""
    rows = [row.split() for row in
            pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]]
    return sum(int(row[4].split(":")[1], 16) for row in rows
               if row[1].endswith(f":{port:04X}"))


def peak_memory(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) << 10


def names_of(messages):
    return {dns.message.from_wire(wire).question[0].name.to_text().lower()
            for wire in list(messages)}


def test_others_get_their_turn_between_those_that_wait(start, upstream):
    """The answers for the flood reach the server before the questions of
    another client do, all while it is stopped.  Order counts, not time."""
    domain = SlowDomain(addresses=1)
    outside = upstream(domain)
    server = start(f"--nameservers={outside.server}", "--workers=1")
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(Client(server, "127.0.8.1"))
        flood = Flood(stack, server, clients=16, copies=64)
        server.signal(signal.SIGSTOP)
        server.until(lambda: is_stopped(server), "it to be stopped")
        domain.open()
        server.until(lambda: names_of(outside.sent).issuperset(flood.names),
                     "the flood's answers to be sent")
        assert not flood.is_answered()
        other.ask(question(NAME).to_wire(), HONEST)
        server.signal(signal.SIGCONT)
        replies = other.replies(HONEST)
        flooded = flood.replies()
    assert all(data(reply) == ["10.96.0.2"] for _, reply in replies)
    assert all(data(reply) == ["192.0.2.1"] for _, reply in flooded)
    last = max(time for time, _ in replies)
    before = sum(time < last for time, _ in flooded)
    print(f"{before} of {flood.size} that waited were told before the last "
            f"of {HONEST} that came after the answer")
    assert before < flood.size / 4


def test_a_large_answer_is_not_copied_for_each_that_waits(start, upstream):
    domain = SlowDomain(addresses=3900)  # 62 KiB
    outside = upstream(domain)
    server = start(f"--nameservers={outside.server}", "--workers=4")
    others = Others(server)
    with contextlib.ExitStack() as stack:
        flood = Flood(stack, server, clients=64, copies=32)
        before = peak_memory(server)
        domain.open()
        for _ in range(50):
            assert others.find(NAME) == ["10.96.0.2"]
        flooded = flood.replies()
    assert all("TC" in flags(reply) for _, reply in flooded)
    grown = peak_memory(server) - before
    print(f"{flood.size} that waited for 62 KiB: {grown / 2**20:.0f} MiB "
            f"more; {others.figures()}")
    assert grown < MEMORY or IS_SANITIZED


def test_one_client_waits_for_one_answer_so_many_times(start, upstream):
    domain = SlowDomain(addresses=1)
    outside = upstream(domain)
    # One worker handles queries in the order in which they are sent.
    server = start(f"--nameservers={outside.server}", "--workers=1")
    asked = question("slow.attack.test", edns=True).to_wire()
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(Client(server, "127.0.7.1"))
                   for _ in range(6)]
        another = stack.enter_context(Client(server, "127.0.7.2"))
        for client in [*sockets, another]:
            client.ask(asked, 250)
            server.until(lambda: waits_to_be_read(server.port) == 0,
                         "the questions to be read")
        told = [reply for client in sockets[4:]
                for reply in client.replies(250)]
        domain.open()
        answered = [reply for client in [*sockets[:4], another]
                    for reply in client.replies(250)]
    assert shed_copies(server) == 500
    for _, reply in told:
        assert rcode(reply) == "SERVFAIL"
        assert extended_errors(reply) == [
            (0, "too many queries of this client are waiting for the same answer")]
    assert all(data(reply) == ["192.0.2.1"] for _, reply in answered)
