"""DNS over TCP: RFC 7766."""

import socket
import struct
import threading
import time

import dns.message
import pytest

from ask import data, question
from kube_apiserver import objects
from upstream import records

NAME = "web.shop.svc.cluster.local"


@pytest.fixture
def server(serve):
    return serve(
        objects.namespace("shop"),
        objects.service("shop", "web", clusterIP="10.96.0.2"),
        objects.service("shop", "big", clusterIP="None"),
        objects.endpoint_slice("shop", "big", [
            f"10.245.{i // 200}.{i % 200 + 1}" for i in range(1000)]))


class Connection:
    def __init__(self, server, tier="cache", source="127.0.0.1"):
        self.socket = socket.create_connection(
            ("127.0.0.1", server.tier_port(tier)), 20, (source, 0))
        self.socket.settimeout(30)
        self._stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()
        self._stream.close()

    def send(self, *messages):
        self.socket.sendall(b"".join(
            struct.pack("!H", len(wire)) + wire for wire in messages))

    def receive(self):
        """Returns one message, or None when the connection is closed."""
        head = self._stream.read(2)
        if not head:
            return None
        wire = self._stream.read(struct.unpack("!H", head)[0])
        return dns.message.from_wire(wire)


@pytest.mark.parametrize("tier", ["cache", "zone"])
def test_pipelining(server, tier):
    asked = [question(NAME) for _ in range(500)]
    with Connection(server, tier) as connection:
        connection.send(*(message.to_wire() for message in asked))
        ids = {message.id for message in asked}
        for _ in asked:
            reply = connection.receive()
            assert data(reply) == ["10.96.0.2"] and reply.id in ids


def test_answers_need_not_wait_for_slower_ones(serve, upstream):
    gate = threading.Event()
    known = records("slow.example.com. 60 IN A 192.0.2.1")

    def script(query, tcp):
        gate.wait(30)
        return known(query, tcp)
    outside = upstream(script)
    server = serve(objects.namespace("shop"),
                   objects.service("shop", "web", clusterIP="10.96.0.2"),
                   flags=[f"--nameservers={outside.server}"])
    with Connection(server) as connection:
        slow, quick = question("slow.example.com"), question(NAME)
        connection.send(slow.to_wire(), quick.to_wire())
        assert connection.receive().id == quick.id
        gate.set()
        assert connection.receive().id == slow.id


def test_a_message_octet_by_octet(server):
    wire = question(NAME).to_wire()
    with Connection(server) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in struct.pack("!H", len(wire)) + wire:
            connection.socket.send(bytes([octet]))
        assert data(connection.receive()) == ["10.96.0.2"]


def test_a_half_closed_connection_is_answered(server):
    with Connection(server) as connection:
        connection.send(question(NAME).to_wire())
        connection.socket.shutdown(socket.SHUT_WR)
        assert data(connection.receive()) == ["10.96.0.2"]
        assert connection.receive() is None


def test_a_big_answer_is_whole(server):
    with Connection(server) as connection:
        connection.send(question("big.shop.svc.cluster.local").to_wire())
        assert len(data(connection.receive())) == 1000


@pytest.mark.parametrize("octets", [
    b"\0\0", b"\0\1x", b"\0\x0b" + b"\0" * 11, b"\xff\xff" + b"\xaa" * 65535,
    struct.pack("!H", 12) + b"\0\1\x80\0" + b"\0" * 8],
    ids=["empty", "one octet", "a short header", "64 KiB", "a reply"])
def test_what_is_not_a_query_does_no_harm(server, octets):
    with Connection(server) as connection:
        connection.socket.sendall(octets)
    assert server.data(NAME, tcp=True) == ["10.96.0.2"]


@pytest.mark.slow
def test_idle_and_half_messages_are_closed(server):
    wire = question(NAME).to_wire()
    with Connection(server) as idle, Connection(server) as half, \
            Connection(server) as served:
        half.socket.sendall(struct.pack("!H", len(wire)) + wire[:5])
        served.send(wire)
        assert data(served.receive()) == ["10.96.0.2"]
        start = time.monotonic()
        for connection in idle, half, served:
            try:
                assert connection.receive() is None
            except ConnectionResetError:
                pass
        assert time.monotonic() - start < 25
    assert server.metrics().sum("canopydns_tcp_idle_closed_total") >= 3


def test_many_connections(server, many_files):
    """More than the limit of 1000: the server continues to answer."""
    many = []
    try:
        for number in range(1100):
            many.append(Connection(server,
                                   source=f"127.0.1.{number % 50 + 1}"))
        found = 0
        for connection in many:
            try:
                connection.send(question(NAME).to_wire())
                reply = connection.receive()
                found += reply is not None and data(reply) == ["10.96.0.2"]
            except (ConnectionError, BrokenPipeError):
                pass
        assert found >= 900
    finally:
        for connection in many:
            connection.__exit__()
    server.until(lambda: server.metrics().sum("canopydns_tcp_connections") < 5,
                 "connections to be let go")
    assert server.data(NAME, tcp=True) == ["10.96.0.2"]
    assert server.data(NAME) == ["10.96.0.2"]


def test_a_client_that_does_not_read_blocks_nobody(server):
    big = question("big.shop.svc.cluster.local").to_wire()
    with Connection(server) as greedy:
        greedy.socket.settimeout(2)
        try:
            for _ in range(3000):
                greedy.send(big)
        except TimeoutError:
            pass  # it stopped reading us: as it should
        for _ in range(20):
            start = time.monotonic()
            assert server.data(NAME) == ["10.96.0.2"]
            assert server.data(NAME, tcp=True) == ["10.96.0.2"]
            assert time.monotonic() - start < 3
