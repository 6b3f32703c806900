"""Floods: other clients do not notice what one client does, and memory stays
bounded.

Each address of loopback is a separate client."""

import contextlib
import itertools
import json
import random
import socket
import struct
import subprocess
import sys
import threading
import time

import dns.exception
import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from ask import data, extended_errors, flags, question, rcode, send
from canopy import IS_SANITIZED
from files import manifest
from kube_apiserver import objects
from network_namespace import NetworkNamespace
from others import Others

NAME = "web.shop.svc.cluster.local"
OUTSIDE = "www.example.com"
FLOODER = "127.0.9.1"
# Limit for the growth of resident memory.  10,000 waiting queries of a worker,
# or 1,000 connections, take about 3 KiB each and buffers of 4 KiB.
BUDGET = 32 << 20
# Seconds between two datagrams of a flood.  A sanitizer's build needs a pause
# to read them all; otherwise the kernel drops other clients' queries too.
PAUSE = 0.0005 if IS_SANITIZED else 0


@pytest.fixture
def start(serve):
    def serving(*flags, **how):
        return serve(objects.namespace("shop"),
                     objects.service("shop", "web", clusterIP="10.96.0.2"),
                     flags=flags, **how)
    return serving


def resident(server):
    return server.metrics().sum("process_resident_memory_bytes")


def assert_within(budget, grown):
    # The shadow memory of a sanitizer is several times the memory it watches.
    assert grown < budget or IS_SANITIZED


def figures(what, **numbers):
    print(f"{what}: " + ", ".join(f"{value:,.0f} {name.replace('_', ' ')}"
                                  for name, value in numbers.items()))


class Flood(threading.Thread):
    """Sends `make(number)` with these pauses, from one socket, and reads
    nothing, until it is closed."""

    def __init__(self, server, make, source=FLOODER, tier="cache",
                 pause=PAUSE):
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((source, 0))
        self._socket.connect(("127.0.0.1", server.tier_port(tier)))
        self._make = make
        self._pause = pause
        self._over = threading.Event()
        self.sent = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        self.join()
        self._socket.close()

    def run(self):
        while not self._over.is_set():
            with contextlib.suppress(ConnectionRefusedError):
                self._socket.send(self._make(self.sent))
                self.sent += 1
            if self._pause:
                time.sleep(self._pause)


def new_name(number):
    return question(f"n{number}.silent.test").to_wire()


def wait_for(server, family, more_than, **labels):
    server.until(lambda: server.metrics().sum(family, **labels) > more_than,
                 f"{family} {labels} above {more_than}")


def find_both(others, rounds=100):
    """A name of the cluster and an outside name; each must be answered."""
    for number in range(rounds):
        assert others.find(NAME) == ["10.96.0.2"]
        # Never the same name, so that the cache is no help.
        assert others.find(f"n{number}.{OUTSIDE}") == ["192.0.2.1"]


def always_an_address(query, tcp):
    reply = dns.message.make_response(query)
    reply.answer.append(dns.rrset.from_text(
        query.question[0].name, 60, "IN", "A", "192.0.2.1"))
    return reply


def flooder_is_told(server, name):
    """Returns the reply with the reason if one comes soon.  At times a whole
    share is free again, and a query then waits for the upstream instead."""
    with contextlib.suppress(dns.exception.Timeout):
        reply = send(question(name, edns=True), server.port, tcp=True,
                     seconds=1, source=FLOODER)
        why = [(0, "too many queries of this client are waiting for upstreams")]
        return reply if extended_errors(reply) == why else None


def test_random_names_of_one_client(start, upstream, tmp_path):
    """The upstream for these names is silent, so each query waits."""
    silent = upstream(lambda query, tcp: None)
    outside = upstream(always_an_address)
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "stubDomains").write_text(
        json.dumps({"silent.test": [silent.server]}))
    server = start(f"--nameservers={outside.server}", "--workers=1",
                   f"--config-dir={folder}")
    others, before = Others(server), resident(server)
    names = (f"mine{number}.silent.test" for number in itertools.count())
    with Flood(server, new_name, pause=0) as flood:
        wait_for(server, "canopydns_forward_shed_total", 1000,
                 reason="client_share")
        find_both(others)
        told = server.until(lambda: flooder_is_told(server, next(names)),
                            "a question of the flooder to be shed")
    metrics = server.metrics()
    assert rcode(told) == "SERVFAIL"
    assert metrics.sum("canopydns_forward_shed_total", reason="full") == 0
    grown = resident(server) - before
    figures("random names", sent=flood.sent, **others.figures(),
            MiB_more=grown / 2**20, shed=metrics.sum(
                "canopydns_forward_shed_total", reason="client_share"))
    assert_within(BUDGET, grown)


def test_a_client_above_its_rate(start):
    server = start("--client-qps=50", "--probe-period=100ms")
    asked = question(NAME, edns=True).to_wire()

    def without_answer(tcp):
        with contextlib.suppress(dns.exception.Timeout):
            reply = send(question(NAME, edns=True), server.port, tcp,
                         seconds=0.2, source=FLOODER)
            return None if data(reply) else reply

    others = Others(server)
    with Flood(server, lambda number: asked) as flood:
        wait_for(server, "canopydns_client_turned_away_total", 1000)
        # The flooder is served again from time to time.
        told, told_tcp = (server.until(lambda: without_answer(tcp), "a no")
                          for tcp in (False, True))
        for number in range(100):
            client = f"127.0.9.{number + 2}"
            assert others.find(NAME, source=client) == ["10.96.0.2"]
        # Any number of probes may come from 127.0.0.1.
        for _ in range(200):
            assert others.find(NAME) == ["10.96.0.2"]
    assert (rcode(told), data(told)) == ("NOERROR", [])
    assert "TC" in flags(told)
    assert len(told.to_wire()) <= len(asked)
    assert rcode(told_tcp) == "REFUSED"
    assert extended_errors(told_tcp) == [
        (0, "this client exceeds --client-qps")]
    # A slow build may have lost the last probes in the flood.
    server.until(lambda: server.page("/healthz").status == 200, "health")
    figures("above --client-qps=50", sent=flood.sent, **others.figures(),
            turned_away=server.metrics().sum(
                "canopydns_client_turned_away_total"))
    # The client is answered again after a short pause.  The kernel may drop its
    # first query, because a slow build still reads the end of the flood.
    server.until(lambda: others.find(NAME, source=FLOODER) == ["10.96.0.2"],
                 "an answer")


@pytest.mark.parametrize("tier", ["cache", "zone"])
@pytest.mark.parametrize("malformed", [False, True])
def test_each_question_counts_for_a_client_s_rate(start, tier, malformed):
    """Queries to the zone tier's port count, and so do malformed messages,
    which otherwise get FORMERR.  Above the rate there is no answer over UDP,
    and TCP is closed."""
    server = start("--client-qps=50")
    port = server.tier_port(tier)
    wire = question(NAME).to_wire()
    if malformed:
        wire = wire[:-1]
    with Flood(server, lambda number: wire, tier=tier):
        wait_for(server, "canopydns_client_turned_away_total", 1000)
        assert Others(server).find(NAME, tier) == ["10.96.0.2"]

        def is_turned_away():
            with socket.create_connection(
                    ("127.0.0.1", port), 30, (FLOODER, 0)) as connection:
                connection.sendall(struct.pack("!H", len(wire)) + wire)
                reply = connection.recv(65536)
            # Length, then the header's rcode.
            return not reply if malformed else reply[5] & 15 == 5
        server.until(is_turned_away, "a closed connection, or REFUSED")
    if malformed:
        answered = server.metrics().sum("canopydns_dns_responses_total",
                                        tier=tier, rcode="FORMERR")
        turned_away = server.metrics().sum("canopydns_client_turned_away_total")
        figures("malformed", answered=answered, dropped=turned_away)


# Sends queries from an address, with pauses or as fast as possible, until its
# stdin ends.
FLOODING = """
import os, socket, sys, threading, time
source, port, wire = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
pause = float(sys.argv[4])
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0))).start()
flood = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
flood.bind((source, 0))
while True:
    flood.sendto(wire, ("::1", port))
    if pause:
        time.sleep(pause)
"""


def answered(lines):
    """Returns the answer in dig's output, without the line about a retry."""
    return [line for line in lines if not line.startswith(";")]


@pytest.mark.parametrize("network", ["fd00:10:244:3::", "2001:db8:7:3::"])
def test_pods_of_one_node_are_clients_of_their_own(tmp_path, network):
    """They share a /64, of a unique local network or of the /48 that contains
    this server's own address."""
    (tmp_path / "objects.yaml").write_text(manifest(
        objects.namespace("shop"),
        objects.service("shop", "web", clusterIP="10.96.0.2")))
    with contextlib.ExitStack() as held:
        namespace = held.enter_context(NetworkNamespace())
        for pod in "a", "b":
            namespace.add_address(network + pod)
        server = held.enter_context(namespace.canopy(
            tmp_path / "server", "--client-qps=20", "--workers=1",
            address=None, manifests=[tmp_path / "objects.yaml"]))
        flood = held.enter_context(subprocess.Popen(
            [*namespace.prefix, sys.executable, "-c", FLOODING, network + "a",
             str(server.port), question(NAME).to_wire().hex(), str(PAUSE)],
            stdin=subprocess.PIPE))
        held.callback(flood.stdin.close)
        wait_for(server, "canopydns_client_turned_away_total", 1000)
        # TC would make the client retry over TCP, where it is refused.
        answers = [answered(namespace.short(
            server.port, "-b", network + "b", "+ignore", "+tries=5", "+time=2",
            NAME, address="::1")) for _ in range(20)]
    assert answers == [["10.96.0.2"]] * 20


def connect(server, source):
    made = socket.socket()
    made.settimeout(30)
    made.bind((source, 0))
    made.connect(("127.0.0.1", server.port))
    return made


@pytest.mark.measured  # a slow build opens too few in the time of an answer
def test_connections_of_one_client_that_wait_for_answers(
        start, upstream, many_files):
    """No connection is idle, so none can be closed for a new one.  The upstream
    answers only health checks, because clients do not wait for one that is
    down."""
    silent = upstream(lambda query, tcp: None if query.question[0].rdtype ==
                      dns.rdatatype.A else dns.message.make_response(query))
    server = start(f"--nameservers={silent.server}", "--workers=1")
    before = resident(server)
    with contextlib.ExitStack() as held:
        for number in range(1500):
            one = held.enter_context(connect(server, FLOODER))
            wire = new_name(number)
            with contextlib.suppress(ConnectionError):
                one.sendall(struct.pack("!H", len(wire)) + wire)
        wait_for(server, "canopydns_tcp_refused_total", 100,
                 reason="client_share")
        for _ in range(50):
            assert server.data(NAME, tcp=True) == ["10.96.0.2"]
        refused = server.metrics().sum("canopydns_tcp_refused_total")
        grown = resident(server) - before
    figures("busy connections", opened=1500, refused=refused,
            others_asked=50, others_lost=0, MiB_more=grown / 2**20)
    assert_within(BUDGET, grown)


def test_half_messages(start, many_files):
    """Slow loris: many clients send the beginning of a message and then
    nothing."""
    server = start("--workers=1")
    before = resident(server)
    with contextlib.ExitStack() as held:
        for number in range(1500):
            one = held.enter_context(
                connect(server, f"127.0.8.{number % 200 + 1}"))
            with contextlib.suppress(ConnectionError):
                one.sendall(b"\xff\xffhalf")
        for _ in range(50):
            assert server.data(NAME, tcp=True) == ["10.96.0.2"]
            assert server.data(NAME) == ["10.96.0.2"]
        grown = resident(server) - before
    closed = server.metrics().sum("canopydns_tcp_idle_closed_total")
    figures("half messages", opened=1500, closed_to_make_room=closed,
            others_asked=100, others_lost=0, MiB_more=grown / 2**20)
    assert closed > 400
    assert_within(BUDGET, grown)


def test_a_huge_pipeline(start):
    """One connection, whose client reads nothing."""
    server = start("--workers=1")
    before = resident(server)
    wire = question(NAME).to_wire()
    octets = (struct.pack("!H", len(wire)) + wire) * 1000
    with connect(server, FLOODER) as greedy:
        greedy.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while sent < 1 << 28:
                sent += greedy.send(octets)
        for _ in range(50):
            assert server.data(NAME, tcp=True) == ["10.96.0.2"]
            assert server.data(NAME) == ["10.96.0.2"]
        grown = resident(server) - before
    figures("a pipeline", MiB_sent=sent / 2**20, others_asked=100,
            others_lost=0, MiB_more=grown / 2**20)
    assert sent < 1 << 28  # it was not read for ever
    assert_within(BUDGET, grown)


def test_any_with_a_forged_source(start):
    """The spoofed source gets little more than was sent in its name."""
    server = start()
    for edns in (False, True):
        asked = question(NAME, "ANY", edns=edns, payload=4096)
        for tier in ("cache", "zone"):
            reply = send(asked, server.tier_port(tier))
            factor = len(reply.to_wire()) / len(asked.to_wire())
            figures("ANY", octets_sent=len(asked.to_wire()),
                    octets_back=len(reply.to_wire()))
            assert factor < 2, reply


def junk(rng):
    kinds = [lambda: rng.randbytes(rng.randrange(0, 600)),
             lambda: question(NAME).to_wire()[:rng.randrange(1, 40)],
             lambda: question(NAME).to_wire() + rng.randbytes(40),
             lambda: rng.randbytes(2) + b"\x81\x80" + bytes(8)]
    made = [rng.choice(kinds)() for _ in range(2000)]
    return lambda number: made[number % len(made)]


@pytest.mark.parametrize("tier", ["cache", "zone"])
def test_malformed_packets(start, tier):
    server = start("--workers=1")
    others, before = Others(server), resident(server)
    with Flood(server, junk(random.Random(7)), tier=tier) as flood:
        server.until(lambda: flood.sent > 20_000, "a flood")
        for _ in range(100):
            assert others.find(NAME, tier=tier) == ["10.96.0.2"]
    grown = resident(server) - before
    figures("malformed packets", sent=flood.sent, **others.figures(),
            MiB_more=grown / 2**20)
    assert_within(BUDGET, grown)
