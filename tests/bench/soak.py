#!/usr/bin/python3
"""A long time under mixed load, with a cluster that changes and faults one
after the other, and what that does to memory.  An hour unless --minutes says
otherwise; best with a binary built with -DCANOPYDNS_SANITIZE=address,undefined.

Prints a line a minute, and in the end what was asked, lost and broken; --plot
writes the resident memory over time as SVG.  Passes no judgement, but for a
server that does not end well.
"""

import contextlib
import itertools
import json
import pathlib
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter

import dns.message
import dns.rrset

sys.path.append(str(pathlib.Path(__file__).parents[1] / "end_to_end"))

import command_line  # noqa: E402
import dnsperf  # noqa: E402
import line_plot  # noqa: E402
import servers  # noqa: E402
import table  # noqa: E402
from cluster import SLICES, Cluster  # noqa: E402
from fake_api import FakeApi  # noqa: E402
from process import Process  # noqa: E402
from upstream import Upstream  # noqa: E402

FAULT_SECONDS = 4  # how long each lasts
BETWEEN_FAULTS = 6
CHANGES_A_SECOND = 20
BURST_SECONDS = 10


def answer(query, _tcp):
    reply = dns.message.make_response(query)
    reply.answer.append(dns.rrset.from_text(
        query.question[0].name, 5, "IN", "A", "192.0.2.1"))
    return reply


class Surroundings:
    """What the server stands in, and what can go wrong with it."""

    def __init__(self, stack, folder, services):
        self.cluster = Cluster(services, 5)
        self.api = stack.enter_context(FakeApi(self.cluster))
        self._silent = threading.Event()
        self._upstreams = [
            stack.enter_context(Upstream(self._script)) for _ in range(2)]
        self.config = folder / "config"
        self.config.mkdir()
        self.use_upstreams(2)

    def _script(self, query, tcp):
        return None if self._silent.is_set() else answer(query, tcp)

    def use_upstreams(self, count):
        fresh = self.config / ".new"
        fresh.write_text(json.dumps(
            [one.server for one in self._upstreams[:count]]))
        fresh.rename(self.config / "upstreamNameservers")

    # Each is a fault that lasts while its context does.

    @contextlib.contextmanager
    def silent_upstreams(self, _server):
        self._silent.set()
        yield
        self._silent.clear()

    @contextlib.contextmanager
    def no_api(self, _server):
        with self.api.away():
            yield

    @contextlib.contextmanager
    def expired_watches(self, _server):
        self.api.expire_watches()
        yield

    @contextlib.contextmanager
    def other_configuration(self, server):
        self.use_upstreams(1)
        server.process.signal(signal.SIGHUP)
        yield
        self.use_upstreams(2)

    @contextlib.contextmanager
    def half_messages(self, server):
        with contextlib.ExitStack() as held:
            for _ in range(400):
                with contextlib.suppress(OSError):
                    one = held.enter_context(socket.create_connection(
                        ("127.0.0.1", server.port), 1))
                    one.sendall(b"\xff\xffhalf")
            yield

    @contextlib.contextmanager
    def junk(self, server):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(20_000):
                sender.sendto(random.randbytes(random.randrange(600)),
                              ("127.0.0.1", server.port))
            yield

    def faults(self):
        return (self.silent_upstreams, self.no_api, self.expired_watches,
                self.other_configuration, self.half_messages, self.junk)


class Server:
    def __init__(self, process, port):
        self.process, self.port = process, port


class Soak:
    """Threads that ask, change and break until the time is over."""

    def __init__(self, server, around, queries, rate):
        self._server, self._around = server, around
        self._queries, self._rate = queries, rate
        self._over = threading.Event()
        self.completed = self.lost = self.events = 0
        self.faults = Counter()
        self._threads = [threading.Thread(target=work)
                         for work in (self._ask, self._change, self._break)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self):
        while not self._over.is_set():
            outcome = dnsperf.run_at(self._server.port, self._queries,
                                     BURST_SECONDS, self._rate)
            self.completed += outcome.completed
            self.lost += outcome.lost

    def _change(self):
        slices = [thing for resource, thing in self._around.cluster.objects()
                  if resource == SLICES]
        for number in itertools.count():
            if self._over.wait(1 / CHANGES_A_SECOND):
                return
            changed = slices[number % len(slices)]
            changed["endpoints"][0]["addresses"] = [
                f"10.{200 + number // 62500 % 50}.{number // 250 % 250}."
                f"{number % 250 + 1}"]
            self._around.api.modify(SLICES, changed)
            self.events += 1

    def _break(self):
        for fault in itertools.cycle(self._around.faults()):
            if self._over.wait(BETWEEN_FAULTS):
                return
            with fault(self._server):
                self.faults[fault.__name__] += 1
                self._over.wait(FAULT_SECONDS)


def say(minutes, soak, megabytes):
    print(f"{minutes:.0f} min: {megabytes:.1f} MB, {soak.completed} answered, "
          f"{soak.lost} lost, {soak.events} changes, "
          f"{sum(soak.faults.values())} faults", flush=True)


def watch_memory(process, soak, seconds):
    """[(minutes, megabytes)], once a second."""
    samples, start = [], time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        process.check_runs("under load")
        samples.append((passed / 60, process.resident_mb()))
        if len(samples) % 60 == 0:
            say(passed / 60, soak, samples[-1][1])
        time.sleep(1)
    return samples


def print_result(soak, samples, options, loads):
    sizes = [size for _, size in samples]
    tenth = max(1, len(sizes) // 10)
    print(f"\n{soak.completed} answered, {soak.lost} lost, "
          f"{soak.events} changes of the cluster, faults: "
          + ", ".join(f"{count} {name.replace('_', ' ')}"
                      for name, count in sorted(soak.faults.items())))
    print(f"resident MB: {sizes[0]:.1f} at the start, after a tenth of the "
          f"time {sum(sizes[tenth:2 * tenth]) / tenth:.1f}, in the last tenth "
          f"{sum(sizes[-tenth:]) / tenth:.1f}, at most {max(sizes):.1f}")
    print(f"\n{command_line.provenance(options, loads)}")


def main():
    parser = command_line.parser(__doc__, runs=1)
    command_line.add_number(parser, "--minutes", 60, "how long")
    command_line.add_number(parser, "--services", 2000, "with 5 endpoints each")
    command_line.add_number(parser, "--rate", 1000, "questions a second")
    parser.add_argument("--plot", type=pathlib.Path, metavar="FILE.svg")
    options = command_line.parse(parser)
    loads = table.Loads()
    loads.note()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(
            tempfile.TemporaryDirectory()))
        log = stack.enter_context(open(options.log, "a"))
        around = Surroundings(stack, folder, options.services)
        server = servers.canopydns(options.binary, "canopydns",
                                   f"--kube-master-url={around.api.url}")
        process = stack.enter_context(Process(
            [*server.command, f"--config-dir={around.config}", "--cache-size=2000",
             f"--snapshot-file={folder}/snapshot"], log))
        queries = dnsperf.daily_queries(folder, around.cluster)
        while SLICES not in around.api.watched():
            process.check_runs("at the start")
            time.sleep(0.01)
        with Soak(Server(process, server.port), around, queries,
                  options.rate) as soak:
            samples = watch_memory(process, soak, options.minutes * 60)
        status = process.end()
    if options.plot:
        line_plot.write(options.plot, "Resident memory, MB, over minutes",
                        samples)
    print_result(soak, samples, options, loads)
    if status != 0:
        raise SystemExit(f"canopydns ended with status {status}; see the log "
                         "that --log names")


if __name__ == "__main__":
    main()
