"""Clients of the health port cannot make a kubelet believe that DNS is
unhealthy.  The kubelet would then restart all replicas at once."""

import contextlib
import socket
import struct
import time

import pytest

from http_storm import Storm
from kube_apiserver import objects
from page import Page
from until import PATIENCE

SECONDS = 4
SOURCES = {"the kubelet's address": ["127.0.0.1"],
           "one address": ["127.0.0.2"],
           "many addresses": [f"127.0.3.{i}" for i in range(1, 201)]}


@pytest.fixture
def healthy(serve):
    server = serve(objects.namespace("shop"), flags=["--workers=2"])
    server.until(lambda: server.page("/healthz").status == 200, "health")
    return server


def poll(server, seconds):
    """Polls like a kubelet for this long, and returns how long each answer
    took.  A refused or unanswered probe fails the test."""
    taken = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for path in "/healthz", "/readyz":
            start = time.monotonic()
            page = Page(server.http_port, path, seconds=PATIENCE)
            taken.append(time.monotonic() - start)
            assert page.status == 200, page.body
        time.sleep(0.02)
    return sorted(taken)


@pytest.mark.measured
@pytest.mark.parametrize("kind", ["metrics", "healthz", "half", "silent"])
@pytest.mark.parametrize("sources", SOURCES.values(), ids=SOURCES)
def test_a_storm_of_connections_fails_no_probe(healthy, kind, sources):
    builds = "canopydns_http_page_builds_total"
    assert healthy.metrics().has(builds)
    before = healthy.metrics().sum(builds)
    start = time.monotonic()
    with Storm(healthy.http_port, kind, 12_000, sources) as storm:
        taken = poll(healthy, SECONDS)
    built = healthy.metrics().sum(builds) - before
    seconds = time.monotonic() - start
    late = sum(time > 1 for time in taken)
    print(f"{storm.rate:,.0f} connections a second, {len(taken)} probes: "
          f"median {taken[len(taken) // 2] * 1000:.1f} ms, "
          f"longest {taken[-1] * 1000:.0f} ms, {late} later than 1 s; "
          f"{built:.0f} pages made in {seconds:.1f} s")
    # One a second, and the two that this test sends.
    assert built <= seconds + 2
    # A dropped SYN is repeated after a second.  None was dropped, unless the
    # machine gave the server no time at all.
    assert late <= len(taken) / 20
    assert healthy.page("/healthz").status == 200


def test_who_does_not_read_is_reset_and_holds_little(healthy):
    clients = []
    for _ in range(400):
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
        client.settimeout(PATIENCE)
        client.bind(("127.0.0.2", 0))
        client.connect(("127.0.0.1", healthy.http_port))
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        clients.append(client)
    poll(healthy, 1)
    # Half of all, and the one that asks.
    found = healthy.metrics()
    assert found.sum("canopydns_http_connections") <= 128 + 1
    assert found.sum("canopydns_http_shed_total", reason="client_share") >= 200
    for client in clients:
        client.close()


def test_debug_zone_is_for_those_here_who_mean_this_host(healthy):
    """DNS rebinding: a page in a local browser uses its own name as Host, and
    its owner makes that name resolve to 127.0.0.1."""
    for host in "localhost", "127.0.0.1:8080", f"[::1]:{healthy.http_port}":
        page = healthy.page("/debug/zone", headers={"Host": host})
        assert page.status == 200, host
    for host in "evil.example", "localhost.evil.example", "10.0.0.1":
        page = healthy.page("/debug/zone", headers={"Host": host})
        assert page.status == 403, host
        assert "cluster.local" not in page.body
        assert healthy.page("/healthz", headers={"Host": host}).status == 200
