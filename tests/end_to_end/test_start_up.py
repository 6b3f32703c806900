"""From the first log line to ready, and the answers until then."""

import re

import pytest

from ask import extended_errors, rcode
from closed_port import ClosedPort, SilentPort
from kube_apiserver import objects
from upstream import records


@pytest.fixture(params=[ClosedPort, SilentPort], ids=["closed", "silent"])
def api_server(request):
    """An API server that does not exist or does not answer."""
    port = request.param()
    yield f"http://{port.server}"
    port.close()


@pytest.fixture
def waiting(canopy, api_server, upstream):
    """A process without data."""
    outside = upstream(records("www.example.com. 60 IN A 192.0.2.1"))
    return canopy(f"--kube-master-url={api_server}",
                  f"--nameservers={outside.server}", wait="listening")


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("tier", ["cache", "zone"])
@pytest.mark.parametrize("name, rtype", [
    ("web.shop.svc.cluster.local", "A"), ("shop.svc.cluster.local", "A"),
    ("kubernetes.default.svc.cluster.local", "AAAA"),
    ("_http._tcp.web.shop.svc.cluster.local", "SRV")])
def test_cluster_names_are_not_ready(waiting, name, rtype, tier, tcp):
    reply = waiting.ask(name, rtype, tier, tcp=tcp, edns=True)
    assert rcode(reply) == "SERVFAIL"
    (code, text), = extended_errors(reply)
    assert code == 14 and text
    plain = waiting.ask(name, rtype, tier, tcp=tcp)
    assert rcode(plain) == "SERVFAIL" and plain.edns == -1


def test_other_names_are_forwarded(waiting):
    assert waiting.data("www.example.com") == ["192.0.2.1"]


def test_a_reverse_name_is_not_guessed_on_the_zone_tier(waiting):
    reply = waiting.ask("1.0.96.10.in-addr.arpa", "PTR", "zone")
    assert rcode(reply) == "SERVFAIL"


def test_readyz_says_no(waiting):
    for path in "/readyz", "/readiness", "/ready":
        page = waiting.page(path)
        assert page.status == 503 and page.body.strip(), page.body
    assert not [line for line in waiting.log().splitlines()
                if re.search(r"\bready\b", line) and "not ready" not in line]


def test_it_ends_at_once_when_told(waiting):
    waiting.stop()


def test_lines_then_ready(serve):
    server = serve()
    lines = [line.split(" ", 2)[2] for line in server.log().splitlines()]
    listeners = [line for line in lines if "listens on" in line or
                 "listen on" in line]
    assert len(listeners) == 3
    for line, port in zip(listeners, (server.port, server.zone_port,
                                      server.http_port)):
        assert f":{port}" in line
    ready, = [i for i, line in enumerate(lines) if line.startswith("ready")]
    assert all(lines.index(line) < ready for line in listeners)


def test_readyz_says_yes(serve):
    server = serve(objects.namespace("shop"))
    for path in "/readyz", "/readiness", "/ready":
        assert server.page(path).status == 200
    assert rcode(server.ask("gone.shop.svc.cluster.local")) == "NXDOMAIN"


def test_no_name_is_denied_while_starting(canopy, manifest_file):
    """Queried from the first moment on, an existing name gets SERVFAIL or the
    right answer, never NXDOMAIN."""
    file = manifest_file(
        objects.namespace("shop"),
        objects.service("shop", "web", clusterIP="10.96.0.2"),
        *(objects.service("shop", f"s{i}", clusterIP=f"10.97.{i // 250}."
                          f"{i % 250 + 1}") for i in range(2000)))
    server = canopy(manifests=[file], wait="listening")
    found = []
    while not found or found[-1] == "SERVFAIL":
        found.append(server.data("web.shop.svc.cluster.local"))
        assert found[-1] in ("SERVFAIL", ["10.96.0.2"])
    server.until_ready()
