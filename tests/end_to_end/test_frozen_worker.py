"""One of several workers hangs: how this is detected, and what happens then."""

import os
import re
import signal
import time

import pytest

from frozen_thread import FrozenThread, threads
from kube_apiserver import objects

WORKERS = 4


@pytest.fixture
def start(serve):
    def serving(*flags):
        server = serve(objects.namespace("shop"),
                       flags=[f"--workers={WORKERS}", "--probe-period=1s",
                              *flags])
        server.until(lambda: server.page("/healthz").status == 200, "health")
        return server
    return serving


def frozen(server, number):
    """Worker number `number`, counted from 1."""
    return FrozenThread(threads(server.pid, "canopy-worker")[number - 1])


@pytest.mark.parametrize("number", range(1, WORKERS + 1))
def test_health_names_it_until_it_goes_on(start, number):
    server = start("--watchdog=0")
    line = re.compile(fr"worker {number} did not answer within 1 s")

    def page():
        return server.page("/healthz")
    with frozen(server, number):
        server.until(lambda: line.search(page().body), "the worker's name")
        # One line for each tier, because the worker serves both.
        server.until(lambda: len(line.findall(page().body)) == 2, "both tiers")
        # The result stays the same; chance has no part in it.
        for _ in range(20):
            found = page()
            assert found.status == 503 and line.search(found.body), found.body
        for path in "/healthz-cache", "/healthcheck/zone":
            assert server.page(path).status == 503
        assert server.metrics().sum("canopydns_failing_workers",
                                    tier="cache") == 1
    server.until(lambda: page().status == 200, "health again")
    assert server.log_lines(f"worker {number} answers again")


def test_the_watchdog_ends_the_process_and_names_it(start):
    # A busy machine may delay another worker for a second, but not for five.
    server = start("--watchdog=5s")
    with frozen(server, 3) as worker:
        server.until_ended(worker.has_ended)
        assert server.exit_code() == 1
    thread = re.search(r"worker 3 \(thread (\d+)\) has hung for 5 s",
                       server.log())
    assert thread and "exiting with code 1" in server.log(), server.log()


def test_a_stop_of_the_whole_process_is_no_hanging_worker(start):
    """SIGSTOP has the same effect as a frozen cgroup or a paused machine."""
    server = start("--watchdog=3s")
    for _ in range(2):
        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(4)  # more than the limit: the length is what is tested
        os.kill(server.pid, signal.SIGCONT)
        server.until(lambda: server.page("/healthz").status == 200, "health")
    assert server.process.poll() is None


@pytest.mark.parametrize("watchdog", ["1s", "0"])
def test_sigterm_ends_it_all_the_same(start, watchdog):
    server = start(f"--watchdog={watchdog}")
    with frozen(server, 2) as worker:
        server.signal(signal.SIGTERM)
        server.until_ended(worker.has_ended)
        assert server.exit_code() == 1
    assert "did not stop in time" in server.log() or "has hung" in server.log()
