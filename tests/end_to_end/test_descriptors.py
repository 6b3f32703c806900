"""With few descriptors, clients' connections do not take those that upstreams
and health checks need."""

import contextlib
import itertools
import threading

import pytest

from canopy import run
from kube_apiserver import objects
from test_floods import FLOODER, always_an_address, connect, figures

NAME = "web.shop.svc.cluster.local"
ASKED = 60


class Opener(threading.Thread):
    """Opens connections until it is closed, and keeps those that stay open."""

    def __init__(self, server, source=FLOODER, most=2000):
        super().__init__(daemon=True)
        self._server, self._source, self._most = server, source, most
        self._over = threading.Event()
        self._held = contextlib.ExitStack()
        self.opened = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        self.join()
        self._held.close()

    def run(self):
        kept = []
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                kept.append(connect(self._server, self._source))
                self.opened += 1
            if len(kept) > self._most:
                kept.pop(0).close()
        for one in kept:
            self._held.callback(one.close)


def closed_by(server):
    metrics = server.metrics()
    return (metrics.sum("canopydns_tcp_refused_total") +
            metrics.sum("canopydns_tcp_idle_closed_total"))


@pytest.mark.parametrize("limit", [256, 1024])
def test_few_descriptors(serve, upstream, many_files, limit):
    outside = upstream(always_an_address)
    server = serve(objects.namespace("shop"),
                   objects.service("shop", "web", clusterIP="10.96.0.2"),
                   flags=["--workers=2", f"--nameservers={outside.server}"],
                   prefix=["prlimit", f"--nofile={limit}:{limit}"])
    numbers = itertools.count()
    with contextlib.ExitStack() as floods:
        many = [floods.enter_context(Opener(server, f"127.0.9.{i + 1}"))
                for i in range(4)]
        server.until(lambda: closed_by(server) > 500,
                     "connections to be closed")
        found = [server.data(f"n{next(numbers)}.www.example.com")
                 for _ in range(ASKED)]
        assert found == [["192.0.2.1"]] * ASKED
        assert server.data(NAME, tcp=True) == ["10.96.0.2"]
        assert server.page("/healthz").status == 200
        opened = sum(one.opened for one in many)
        most = server.metrics().sum("process_open_fds")
    warned, = server.log_lines("open file limit")
    assert f"is {limit}: only" in warned
    figures(f"{limit} descriptors", opened=opened, outside_names=ASKED,
            lost=0, open_files=most)


def test_too_few_descriptors(tmp_path):
    ended = run("--healthz-port=0", "--dns-port=0", "--zone-port=off",
                f"--manifests={tmp_path}", prefix=["prlimit", "--nofile=80:80"])
    assert ended.returncode == 2
    line, = ended.stderr.splitlines()[-1:]
    assert "the open file limit is 80" in line and "ulimit -Hn" in line
