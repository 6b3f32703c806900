#!/usr/bin/python3
"""Answers and changes under load: while 20,000 questions a second are asked of
a cluster of 10,000 Services with 15 endpoints each, how long one question takes
(asked every 2 ms by a process of its own), and how long an event takes until it
is answered with (200 a second, one endpoint moves).

  echo      recvmmsg and sendmmsg, nothing else: what the machine and the client
            make of it
  quiet     nothing changes
  events    200 a second; the snapshot is written meanwhile
  relists   every watch expires, each second

Prints a table; passes no judgement.  Wall clock: believe it on a quiet machine
only.  Needs dnsperf, g++ and python3-dnspython.
"""

import contextlib
import itertools
import multiprocessing
import os
import pathlib
import sys
import tempfile
import threading
import time

import command_line
import dnsperf
import servers
import table
from cluster import SLICES, Cluster
from event_cost import EVENT_SECONDS, changes, shown
from fake_api import FakeApi
from process import Process, stay_off_the_server_core
from query_cost import (compile_floor, floor_server, until_it_answers,
                        until_it_echoes)
from question import Questions

PROBES_APART = 0.002
HEADER = ["while", "questions/s", "lost", "answer ms: p50", "p99", "max",
          "event to answer ms: p50", "p99", "max"]


@contextlib.contextmanager
def going_first():
    """The calling thread goes before the load and the API server, which share
    its core: what is measured is not their share of it."""
    def schedule(policy, priority):
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, policy, os.sched_param(priority))
    schedule(os.SCHED_FIFO, 1)
    yield
    schedule(os.SCHED_OTHER, 0)


def probe(port, service, over, found):
    """Of a process: how long each question took, in seconds."""
    seconds = []
    with going_first(), Questions(port) as questions:
        while not over.is_set():
            start = time.perf_counter()
            questions.ask_once(service)
            seconds.append(time.perf_counter() - start)
            time.sleep(PROBES_APART)
    found.put(seconds)


@contextlib.contextmanager
def probing(port, service, seconds):
    over, found = multiprocessing.Event(), multiprocessing.Queue()
    prober = multiprocessing.Process(target=probe,
                                     args=(port, service, over, found))
    prober.start()
    yield
    over.set()
    seconds += found.get()
    prober.join()


def measure(server, process, what, options, queries, cluster, disturb):
    """`disturb(end)` returns the seconds from events to answers."""
    outcomes, answers = [], []
    load = threading.Thread(target=lambda: outcomes.append(dnsperf.run_at(
        server.port, queries, options.seconds, options.rate)))
    with probing(server.port, cluster.services[0], answers):
        load.start()
        events = disturb(time.monotonic() + options.seconds - 1)
        load.join()
    process.check_runs(f"under the load '{what}'")

    def shares(values):
        return [f"{table.percentile(values, share) * 1000:.2f}"
                for share in (0.5, 0.99, 1)] if values else ["-"] * 3
    return [what, f"{outcomes[0].per_second:.0f}", str(outcomes[0].lost),
            *shares(answers), *shares(events)]


def nothing(_end):
    return []


class Changes:
    """One endpoint of a headless Service moves, so many times a second."""

    def __init__(self, api, cluster, server, process, rate):
        self._api, self._process, self._rate = api, process, rate
        self._server = server
        service = next(one for one in cluster.services if one.headless)
        self._changes = changes(service, sys.maxsize)

    def __call__(self, end):
        seconds, start = [], time.monotonic()
        with going_first(), Questions(self._server.port) as questions:
            for number in itertools.count():
                due = start + number / self._rate
                if due > end:
                    return seconds
                time.sleep(max(0, due - time.monotonic()))
                changed, endpoint = next(self._changes)
                asked = self._api.modify(SLICES, changed)
                seconds.append(shown(endpoint, asked, self._process, questions,
                                     EVENT_SECONDS))


def relists(api):
    def run(end):
        while time.monotonic() < end:
            api.expire_watches()
            time.sleep(1)
        return []
    return run


def main():
    parser = command_line.parser(__doc__, runs=1)
    command_line.add_number(parser, "--seconds", 15, "for each line")
    command_line.add_number(parser, "--rate", 20000, "questions a second")
    command_line.add_number(parser, "--events", 200, "a second")
    options = command_line.parse(parser)
    stay_off_the_server_core()
    loads, rows = table.Loads(), []
    cluster = Cluster(10_000, 15)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory()))
        log = stack.enter_context(open(options.log, "a"))
        queries = dnsperf.mixed_queries(folder, cluster)
        loads.note()
        echo = floor_server(compile_floor(folder))
        with Process(echo.command, log) as process:
            until_it_echoes(echo)
            rows.append(measure(echo, process, "echo", options, queries,
                                cluster, nothing))
        api = stack.enter_context(FakeApi(cluster))
        server = servers.canopydns(options.binary, "canopydns",
                                   f"--kube-master-url={api.url}")
        process = stack.enter_context(Process(
            [*server.command, f"--snapshot-file={folder}/snapshot"], log))
        until_it_answers(server, process, cluster)
        while SLICES not in api.watched():
            time.sleep(0.01)
        for what, disturb in (
                ("quiet", nothing),
                ("events", Changes(api, cluster, server, process,
                                   options.events)),
                ("relists", relists(api))):
            loads.note()
            rows.append(measure(server, process, what, options, queries,
                                cluster, disturb))
    table.print_table(HEADER, rows)
    print(f"\n{command_line.provenance(options, loads)}")


if __name__ == "__main__":
    main()
