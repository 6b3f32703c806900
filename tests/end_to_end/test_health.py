"""The pages that report health to a kubelet and Prometheus."""

import re
import socket
import time

import pytest

from closed_port import ClosedPort
from kube_apiserver import objects

CACHE_PATHS = ["/healthz-cache", "/healthz-dnsmasq"]
ZONE_PATHS = ["/healthz-zone", "/healthz-kubedns"]
SIDECAR_PATHS = ["/healthcheck/cache", "/healthcheck/dnsmasq",
                 "/healthcheck/zone", "/healthcheck/kubedns"]


@pytest.fixture
def healthy(serve):
    server = serve(objects.namespace("shop"))
    server.until(lambda: server.page("/healthz").status == 200, "health")
    return server


@pytest.fixture
def ill(canopy):
    """Probes fail: there is no data, so the tiers answer SERVFAIL."""
    nowhere = ClosedPort()
    server = canopy(f"--kube-master-url=http://{nowhere.server}",
                    wait="listening")
    server.until(lambda: server.metrics().sum("canopydns_probes_total") >= 4,
                 "probes")
    yield server
    nowhere.close()


@pytest.mark.parametrize("path", ["/healthz", *CACHE_PATHS, *ZONE_PATHS])
def test_healthy(healthy, path):
    page = healthy.page(path)
    assert (page.status, page.body) == (200, "ok")


@pytest.mark.parametrize("path", SIDECAR_PATHS)
def test_the_sidecars_page(healthy, path):
    page = healthy.page(path)
    assert page.status == 200
    assert page.headers["Content-Type"] == "application/json"
    assert re.fullmatch(r'\{"IsOk":true,"LatencySeconds":[\d.e-]+,"Err":""\}',
                        page.body)
    assert 0 < page.json()["LatencySeconds"] < 5


def test_liveness_does_not_wait_for_the_api_server(ill):
    """The two pages agree, whatever the result of the probes."""
    status = ill.page("/healthz").status
    assert status == ill.page("/healthz-cache").status
    assert ill.page("/readyz").status == 503


def test_an_old_probe_is_a_failure(serve):
    server = serve(flags=["--probe-period=1h", "--probe-latency=300ms"])
    # It is also 503 before the first probe, and then 200 for a while.
    server.until(lambda: server.page("/healthz").body.count("too old") == 2,
                 "both probes too old")
    page = server.page("/healthz")
    assert page.status == 503
    lines = page.body.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("cache: ") and lines[1].startswith("zone: ")
    for path in SIDECAR_PATHS:
        page = server.page(path)
        assert page.status == 503
        assert page.json()["IsOk"] is False and page.json()["Err"]


def test_probes_go_on_by_themselves(serve):
    server = serve(flags=["--probe-period=50ms"])
    before = server.metrics().sum("canopydns_probes_total")
    server.until(
        lambda: server.metrics().sum("canopydns_probes_total") > before + 4,
        "more probes")


def test_requests_do_not_probe(serve):
    server = serve(flags=["--probe-period=1h"])
    server.until(lambda: server.page("/healthz").status == 200, "the first")
    before = server.metrics().sum("canopydns_probes_total")
    for _ in range(50):
        server.page("/healthz")
    # Probes from the start may have ended meanwhile.
    assert server.metrics().sum("canopydns_probes_total") <= before + 2


def test_without_a_zone_tier(canopy, manifest_file):
    server = canopy("--zone-port=off", manifests=[manifest_file()])
    server.until(lambda: server.page("/healthz").status == 200, "health")
    assert server.page("/healthz-zone").status == 404
    assert server.page("/healthz-cache").body == "ok"


def test_metrics_are_prometheus_text(healthy):
    page = healthy.page("/metrics")
    assert page.headers["Content-Type"].startswith("text/plain")
    assert "version=0.0.4" in page.headers["Content-Type"]
    families = healthy.metrics().families()
    assert all(name.startswith(("canopydns_", "process_", "coredns_",
                                "kubedns_")) for name in families), families


@pytest.mark.parametrize("family, kind", [
    ("canopydns_dns_queries_total", "counter"),
    ("canopydns_dns_responses_total", "counter"),
    ("canopydns_dns_request_duration_seconds", "histogram"),
    ("canopydns_cache_hits_total", "counter"),
    ("canopydns_cache_misses_total", "counter"),
    ("canopydns_cache_evictions_total", "counter"),
    ("canopydns_cache_entries", "gauge"),
    ("canopydns_cache_bytes", "gauge"),
    ("canopydns_forward_requests_total", "counter"),
    ("canopydns_upstream_failures_total", "counter"),
    ("canopydns_upstream_request_duration_seconds", "histogram"),
    ("canopydns_zone_records", "gauge"),
    ("canopydns_zone_serial", "gauge"),
    ("canopydns_zone_bytes", "gauge"),
    ("canopydns_watch_events_total", "counter"),
    ("canopydns_watch_resyncs_total", "counter"),
    ("canopydns_watch_streamed_lists_total", "counter"),
    ("canopydns_dns_programming_duration_seconds", "histogram"),
    ("canopydns_probes_total", "counter"),
    ("canopydns_probe_latency_seconds", "histogram"),
    ("canopydns_dns_dropped_total", "counter"),
    ("canopydns_build_info", "gauge"),
])
def test_a_family_is_there(healthy, family, kind):
    healthy.ask("www.example.com")
    assert healthy.metrics().families().get(family) == kind


def test_counters_count(serve):
    server = serve(objects.namespace("shop"),
                   objects.service("shop", "web", clusterIP="10.96.0.2"),
                   flags=["--probe-period=1h"])

    def queries(**labels):
        return server.metrics().sum("canopydns_dns_queries_total", **labels)
    before = {(tier, protocol): queries(tier=tier, protocol=protocol, type="A")
              for tier in ("cache", "zone") for protocol in ("udp", "tcp")}
    for (tier, protocol), _ in before.items():
        for _ in range(3):
            server.ask("web.shop.svc.cluster.local", "A", tier,
                       tcp=protocol == "tcp")
    for (tier, protocol), count in before.items():
        assert queries(tier=tier, protocol=protocol, type="A") == count + 3
    found = server.metrics()
    assert found.sum("canopydns_cache_hits_total") >= 5
    assert found.sum("canopydns_zone_serial",
                     zone="cluster.local.") == server.serial()


# --- clients that do not behave -----------------------------------------


def connect(server):
    client = socket.create_connection(("127.0.0.1", server.http_port), 20)
    client.settimeout(20)
    return client


def exchange(server, octets):
    """Sends, and reads until the connection is closed."""
    with connect(server) as client:
        client.sendall(octets)
        found = b""
        try:
            while piece := client.recv(65536):
                found += piece
        except ConnectionResetError:
            pass
        return found


def test_silent_clients_delay_nobody(healthy):
    silent = [connect(healthy) for _ in range(100)]
    half = [connect(healthy) for _ in range(20)]
    for client in half:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost:")
    for path in "/healthz", "/readyz", "/metrics":
        start = time.monotonic()
        assert healthy.page(path).status == 200
        assert time.monotonic() - start < 3
    for client in silent + half:
        client.close()


@pytest.mark.parametrize("octets", [
    b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X-Y: z\r\n" * 10_000 + b"\r\n",
], ids=["one line", "the path", "many lines"])
def test_oversized_headers_are_refused(healthy, octets):
    answer = exchange(healthy, octets)
    assert answer == b"" or b" 431 " in answer.split(b"\r\n")[0], answer
    assert healthy.page("/healthz").status == 200


@pytest.mark.parametrize("octets, status", [
    (b"garbage\r\n\r\n", b"400"), (b"\0\1\2\3\r\n\r\n", b"400"),
    (b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
     b"405"),
    (b"GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"404"),
    (b"GET /healthz HTTP/1.0\r\n\r\n", b"200"),
    (b"GET /readyz?verbose=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
     b"200"),
    (b"HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
     b"200"),
])
def test_status(healthy, octets, status):
    assert exchange(healthy, octets).split(b" ")[1] == status


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE",
                                    "OPTIONS", "CONNECT", "TRACE"])
@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/debug/zone", "/"])
def test_it_is_read_only(healthy, method, path):
    answer = exchange(healthy, f"{method} {path} HTTP/1.1\r\nHost: a\r\n"
                      "Content-Length: 0\r\n\r\n".encode())
    head = answer.split(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[0].split(b" ")[1] == b"405"
    assert b"Allow: GET, HEAD" in head


def test_debug_zone(serve):
    server = serve(objects.namespace("shop"),
                   objects.service("shop", "web", clusterIP="10.96.0.2"))
    page = server.page("/debug/zone?name=shop.svc.cluster.local")
    assert page.status == 200
    assert "10.96.0.2" in page.body and page.json()
