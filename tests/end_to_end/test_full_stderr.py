"""A log that no one reads delays no answer, no probe, and not the end of the
process."""

import os
import signal
import socket
import subprocess

import pytest

from ask import question
from canopy import BINARY, environment
from full_pipe import FullPipe
from kube_apiserver import objects
from until import PATIENCE, until

NAME = "web.a.svc.cluster.local"
WEB = (objects.namespace("a"), objects.service("a", "web",
                                               clusterIP="10.96.0.2"))


@pytest.fixture
def pipe():
    made = FullPipe()
    yield made
    made.close()


def fill(server, pipe):
    """Writes lines until the pipe is full and one line waits."""
    pipe.stall()

    last_sizes = []

    def takes_no_more():
        server.signal(signal.SIGHUP)
        last_sizes.append(pipe.unread())
        return last_sizes[-1] > 0 and last_sizes[-20:] == [last_sizes[-1]] * 20
    server.until(takes_no_more, "the pipe to be full")


def send_many(server, name, count):
    """Sends queries from many ports, so that each worker gets some.  Does not
    wait for the answers."""
    wire = question(name).to_wire()
    for _ in range(count // 100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            for _ in range(100):
                asking.sendto(wire, (server.address, server.port))


def test_questions_and_probes_are_answered(serve, pipe):
    server = serve(*WEB, stderr=pipe, flags=["--probe-period=100ms",
                                             "--probe-latency=1s"])
    fill(server, pipe)

    def has_told():
        """Makes a worker log a line: its upstream is a closed port."""
        send_many(server, "outside.test", 100)
        return server.metrics().sum("canopydns_upstream_healthy") == 0
    server.until(has_told, "its upstream to be down")
    probes = server.metrics().sum("canopydns_probes_total", result="ok")
    for rtype in ["A", "AAAA"] * 20:
        assert server.ask(NAME, rtype).rcode() == 0
        assert server.ask(NAME, rtype, "zone", tcp=True).rcode() == 0
    server.until(lambda: server.metrics().sum(
        "canopydns_probes_total", result="ok") > probes + 8, "more probes")
    assert server.page("/healthz").status == 200
    pipe.read_on()


def test_each_question_may_be_logged(serve, pipe):
    """--log-queries at full rate: lines that do not fit are dropped and
    counted.  A line reports them once the log is read again."""
    server = serve(*WEB, stderr=pipe, flags=["--log-queries"])
    fill(server, pipe)
    name = ".".join(["x" * 60] * 3) + "." + NAME  # long lines

    def drops():
        send_many(server, name, 1000)
        return server.metrics().sum("canopydns_log_dropped_total")
    server.until(drops, "lines to be dropped")
    assert server.data(NAME) == ["10.96.0.2"]
    pipe.read_on()
    server.until(lambda: server.log_lines(" log lines were dropped"),
                 "a line that says so")
    said = sum(int(line.split()[2])
               for line in server.log_lines(" log lines were dropped"))
    assert 0 < said <= server.metrics().sum("canopydns_log_dropped_total")
    # Each line is whole or missing.
    assert all(line.startswith("2") and "Z " in line
               for line in server.log().splitlines())
    print(f"{said} lines dropped")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_all_the_same(serve, pipe, number):
    server = serve(*WEB, stderr=pipe)
    fill(server, pipe)
    server.signal(number)
    assert server.exit_code() == 0


def test_the_last_lines_are_written_if_they_are_read(serve, pipe):
    server = serve(*WEB, stderr=pipe, flags=["--log-queries"])
    for _ in range(200):
        server.ask(NAME)
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0
    until(lambda: server.log().endswith("stopped\n"), "the last line")
    assert len(server.log_lines("query ")) >= 200


FREE = ["--dns-bind-address=127.0.0.1", "--dns-port=0", "--zone-port=0",
        "--healthz-port=0"]


def test_a_start_that_fails_ends_too(tmp_path, pipe):
    """The line with the reason does not fit either."""
    into = pipe.fill(tmp_path / "log")
    pipe.fill_up()
    failed = subprocess.Popen(
        [BINARY, "serve", *FREE, f"--manifests={tmp_path}/none"],
        env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=into)
    try:
        assert failed.wait(PATIENCE) == 2
    finally:
        failed.kill()


def test_a_closed_stderr_is_not_a_sockets(tmp_path):
    """Otherwise the first opened socket or file would get descriptor 2."""
    server = subprocess.Popen(
        ["sh", "-c", 'exec "$0" "$@" 2>&- >&- <&-', BINARY, "serve", *FREE,
         "--grace-period=0s", "--nameservers=192.0.2.1",
         f"--manifests={tmp_path}"],
        env=environment())
    try:
        descriptors = f"/proc/{server.pid}/fd"

        def all_open():
            try:
                links = {fd: os.readlink(f"{descriptors}/{fd}")
                         for fd in os.listdir(descriptors)}
            except FileNotFoundError:  # one was closed meanwhile
                return None
            return links if len(links) > 8 else None
        links = until(all_open, "its sockets")
        assert [links[fd] for fd in "012"] == ["/dev/null"] * 3, links
    finally:
        server.terminate()
        assert server.wait(PATIENCE) == 0
