"""The network to a real API server fails, or our rights are taken away.
Answers continue, one log line reports the failure, and another the recovery."""

import shutil
import subprocess
import sys
import time

import pytest

from ask import rcode
from conftest import ACCOUNT, DEPLOY
from kube_apiserver import objects
from network_namespace import NetworkNamespace
from relay import Relay, __file__ as RELAY

pytestmark = pytest.mark.apiserver


def name(service, space):
    return f"{service}.{space}.svc.cluster.local"


def away(server):
    """The kinds whose lists and watches fail."""
    return 3 - server.metrics().sum("canopydns_watch_connected")


@pytest.fixture
def relay(cluster):
    with Relay(cluster.port) as made:
        yield made


@pytest.fixture
def through(cluster, canopy, relay, tmp_path):
    """Starts a process that reaches the API server through the relay."""
    config = cluster.kubeconfig(tmp_path / "relay.conf", server=relay.url,
                                token=cluster.token(*ACCOUNT))
    return lambda *flags, **how: canopy(f"--kubeconfig={config}", *flags, **how)


@pytest.fixture
def web(cluster, space):
    return [cluster.apply(objects.service(space, "web"))["spec"]["clusterIP"]]


def until_new_is_served(cluster, server, space):
    new = cluster.apply(objects.service(space, "new"))
    server.until(lambda: server.data(name("new", space)) == [
        new["spec"]["clusterIP"]], "the new Service", 40)
    server.until(lambda: away(server) == 0, "every kind to be well", 40)
    assert server.metrics().sum("canopydns_watch_away_seconds") == 0


def test_garbage_for_answers(cluster, space, web, relay, through):
    server = through()
    assert away(server) == 0
    relay.mode = "garbage"
    relay.cut()
    server.until(lambda: away(server) == 3, "every kind to be missed")
    failures = server.metrics().sum("canopydns_watch_failures_total")
    server.until(lambda: server.metrics().sum(
        "canopydns_watch_failures_total") > failures + 6, "more tries")
    assert server.data(name("web", space)) == web
    assert server.page("/readyz").status == 200
    # One line for each kind and reason (a cut may come before the garbage), for
    # any number of retries.
    told = [line.split(" ", 1)[1] for line in server.log_lines("trying again")]
    assert len({line.split(": ")[0] for line in told}) == 3
    assert len(set(told)) == len(told)
    assert server.metrics().sum("canopydns_watch_away_seconds") > 0
    relay.mode = "pass"
    until_new_is_served(cluster, server, space)
    server.until(lambda: len(server.log_lines("recovered after")) == 3,
                 "the end to be told")


@pytest.mark.slow
def test_one_octet_a_second(cluster, space, web, relay, through):
    """A TLS handshake would take an hour; the server gives up after 30 s."""
    relay.mode = "slow"
    server = through(wait="listening")
    assert rcode(server.ask(name("web", space))) == "SERVFAIL"
    server.until(lambda: relay.accepted >= 6, "connections to be given up", 60)
    assert server.log_lines("trying again")
    relay.mode = "pass"
    relay.cut()
    server.until_ready(40)
    assert server.data(name("web", space)) == web
    until_new_is_served(cluster, server, space)


def test_rights_are_lost(cluster, space, web, follow):
    server = follow()
    cluster.kubectl("delete", "clusterrolebinding", "canopydns")
    try:
        cluster.kill_apiserver()  # its watches would go on
        cluster.start_apiserver()
        server.until(lambda: server.log_lines("HTTP status 403"),
                     "a word about it", 40)
        assert server.log_lines("check the RBAC rules in deploy/")
        assert server.data(name("web", space)) == web
        assert server.page("/readyz").status == 200
    finally:
        cluster.kubectl("apply", "--server-side", "-k", DEPLOY)
    until_new_is_served(cluster, server, space)


class Inside:
    """A network namespace whose only way to the API server is a relay."""

    def __init__(self, cluster, folder):
        self.namespace = NetworkNamespace()
        self.relay = Relay(cluster.port, folder / "relay.sock")
        self.port = 6443
        self._process = subprocess.Popen(
            [*self.namespace.prefix, sys.executable, RELAY, str(self.port),
             folder / "relay.sock"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "listens\n"

    def drop_packets(self, how):
        """`how`: "-A" starts, "-D" ends the drops."""
        for side in "--sport", "--dport":
            self.namespace.run("iptables", how, "INPUT", "-p", "tcp", side,
                               self.port, "-j", "DROP")

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self.relay.close()
        self.namespace.close()


@pytest.fixture
def inside(cluster, tmp_path):
    made = Inside(cluster, tmp_path)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("iptables"), reason="needs iptables")
def test_packets_are_dropped(cluster, space, web, inside, tmp_path):
    """Half-open connections: neither side learns that they are dead."""
    config = cluster.kubeconfig(
        tmp_path / "inside.conf", server=f"https://127.0.0.1:{inside.port}",
        token=cluster.token(*ACCOUNT))
    server = inside.namespace.canopy(tmp_path / "canopy",
                                     f"--kubeconfig={config}")

    def data(service):
        return inside.namespace.short(server.port, name(service, space))
    try:
        assert data("web") == web
        inside.drop_packets("-A")
        start = time.monotonic()
        new = [cluster.apply(objects.service(space, "new"))["spec"]["clusterIP"]]
        server.until(lambda: away(server) == 3, "every kind to be missed", 90)
        noticed = time.monotonic() - start
        assert data("web") == web and data("new") == []
        assert server.page("/readyz").status == 200
        inside.drop_packets("-D")
        start = time.monotonic()
        server.until(lambda: data("new") == new, "the new Service", 40)
        print(f"noticed after {noticed:.0f} s, caught up "
              f"{time.monotonic() - start:.0f} s after its end")
    finally:
        server.stop()


def test_what_the_consistency_check_relies_on(cluster, space):
    """A list with a limit of one reports how many objects remain, and resource
    versions are increasing numbers."""
    before = cluster.api("GET", "/api/v1/services?limit=1")
    cluster.apply(objects.service(space, "one"), objects.service(space, "two"))
    after = cluster.api("GET", "/api/v1/services?limit=1")
    assert len(after["items"]) == 1
    more = [page["metadata"].get("remainingItemCount", 0)
            for page in (before, after)]
    assert more[1] == more[0] + 2
    assert more[1] + 1 == len(
        cluster.api("GET", "/api/v1/services")["items"])
    assert (int(after["metadata"]["resourceVersion"]) >
            int(before["metadata"]["resourceVersion"]))
