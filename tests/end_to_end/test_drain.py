"""SIGTERM: the server is no longer ready, but answers until no query
arrives."""

import signal
import socket
import threading
import time

import dns.message
import pytest

from ask import data, question
from kube_apiserver import objects
from upstream import records

NAME = "web.shop.svc.cluster.local"
SHOP = [objects.namespace("shop"),
        objects.service("shop", "web", clusterIP="10.96.0.2")]


class Client(threading.Thread):
    """Sends one query after another, each from a new socket, until the port is
    closed.  A query is lost if it gets no answer although the port was open."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", server.port))
        self._socket.settimeout(5)
        self._stopped = threading.Event()
        self.answered, self.lost, self.wrong = 0, 0, []
        self.refused = False

    def run(self):
        while not self._stopped.is_set():
            try:
                self._socket.send(question(NAME).to_wire())
                reply = dns.message.from_wire(self._socket.recv(4096))
            except ConnectionRefusedError:
                self.refused = True
                return
            except TimeoutError:
                self.lost += 1
                return
            if data(reply) != ["10.96.0.2"]:
                self.wrong.append(reply)
            self.answered += 1

    def stop(self):
        self._stopped.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_no_question_is_lost(serve, number):
    server = serve(*SHOP, flags=["--grace-period=30s", "--quiet-period=3s",
                                 "--workers=2"])
    clients = [Client(server) for _ in range(8)]
    for client in clients:
        client.start()
    server.until(lambda: min(client.answered for client in clients) > 20,
                 "load")
    server.signal(number)
    server.until(lambda: server.page("/readyz").status == 503, "/readyz 503")
    # While queries arrive it answers, and is not ready.
    seen = [client.answered for client in clients]
    server.until(lambda: all(client.answered > before + 50 for client, before
                             in zip(clients, seen)), "answers while draining")
    assert server.process.poll() is None
    assert server.page("/readyz").status == 503
    for client in clients:
        client.stop()
    for client in clients:
        client.join()
        assert (client.lost, client.wrong, client.refused) == (0, [], False)
    assert server.exit_code() == 0


def test_the_grace_time_ends_it_under_load(serve):
    server = serve(*SHOP, flags=["--grace-period=1s"])
    client = Client(server)
    client.start()
    server.until(lambda: client.answered > 20, "load")
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0
    client.stop()  # its last question may wait for an answer still


def test_nobody_asks_so_it_ends(serve):
    """Its own probes do not keep it running."""
    server = serve(*SHOP, flags=["--grace-period=1h", "--quiet-period=500ms",
                                 "--probe-period=100ms"])
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0


def test_somebody_asks_now_and_then_so_it_stays(serve):
    """Nodes learn late that this replica ends.  Even with few queries a second,
    no client may find the port closed before that."""
    server = serve(*SHOP, flags=["--grace-period=1h", "--quiet-period=3s"])
    server.signal(signal.SIGTERM)
    server.until(lambda: server.page("/readyz").status == 503, "draining")
    for _ in range(3):
        asked = time.monotonic()
        assert server.data(NAME) == ["10.96.0.2"]
        server.until(lambda: time.monotonic() - asked > 1.5, "some time")
    assert server.process.poll() is None
    assert server.exit_code() == 0


def test_a_second_signal_ends_it_at_once(serve):
    server = serve(*SHOP, flags=["--grace-period=1h", "--quiet-period=1h"])
    server.signal(signal.SIGTERM)
    server.until(lambda: server.page("/readyz").status == 503, "draining")
    server.signal(signal.SIGINT)
    assert server.exit_code() == 0
    assert server.log_lines("SIGINT again: stopping at once")


def test_an_idle_connection_holds_nobody_up(serve):
    server = serve(*SHOP, flags=["--grace-period=1h", "--quiet-period=500ms"])
    with socket.create_connection(("127.0.0.1", server.port)):
        assert server.data(NAME, tcp=True) == ["10.96.0.2"]
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 0


def test_an_answer_under_way_is_still_sent(serve, upstream):
    gate = threading.Event()
    known = records("slow.example.com. 60 IN A 192.0.2.1")

    def script(query, tcp):
        gate.wait(30)
        return known(query, tcp)
    outside = upstream(script)
    server = serve(flags=[f"--nameservers={outside.server}",
                          "--grace-period=30s"])
    found = {}

    def ask(tcp):
        found[tcp] = server.data("slow.example.com", tcp=tcp)
    threads = [threading.Thread(target=ask, args=(tcp,))
               for tcp in (False, True)]
    for thread in threads:
        thread.start()
    server.until(lambda: server.metrics().sum(
        "canopydns_dns_queries_total", tier="cache", type="A") >= 2, "both")
    server.signal(signal.SIGTERM)
    server.until(lambda: server.page("/readyz").status == 503, "draining")
    gate.set()
    for thread in threads:
        thread.join()
    assert found == {False: ["192.0.2.1"], True: ["192.0.2.1"]}
    assert server.exit_code() == 0


def test_sigterm_right_after_the_start(canopy, manifest_file):
    """Kubernetes may stop a Pod at any moment."""
    for wait in (None, "listening", "ready") * 3:
        server = canopy(manifests=[manifest_file(*SHOP)], wait=wait)
        if wait is None:
            server.until(lambda: server.log(), "a first line")
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 0, (wait, server.log())


def test_sighup_rereads_manifests(serve, canopy, manifest_file):
    file = manifest_file(*SHOP)
    server = canopy(manifests=[file])
    before = server.metrics().sum("canopydns_manifests_reloads_total")
    server.signal(signal.SIGHUP)
    server.until(
        lambda: server.metrics().sum(
            "canopydns_manifests_reloads_total") > before, "a reload")
    assert server.data(NAME) == ["10.96.0.2"]
    file.set(*SHOP, objects.service("shop", "new", clusterIP="10.96.0.9"))
    server.until(lambda: server.data("new.shop.svc.cluster.local")
                 == ["10.96.0.9"], "changes after a SIGHUP")
