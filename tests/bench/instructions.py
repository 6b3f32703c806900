#!/usr/bin/python3
"""What a query costs in instructions of the server, counted by callgrind:
unlike time they are the same on a busy machine.  The kernel's are not counted.

  cache hit     1,000 Services, each known to the cache
  cluster miss  10,000 Services, each asked for the first time
  search path   www.example-K.com.ns-M.svc.cluster.local, no name twice
  forwarded     outside names, no name twice, answered by an echo
  TCP hit       as the first, over connections that stay open

Prints a table; passes no judgement.  Needs dnsperf, valgrind and g++.
"""

import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import command_line
import dnsperf
import servers
import table
from cluster import Cluster
from manifests import Manifests
from process import CLIENT_CORE, Process, stay_off_the_server_core
from query_cost import compile_floor, floor_server, until_it_echoes
from question import Questions

SERVICES = 10_000

HEADER = ["work", "queries", "instructions/query", "lost"]


@dataclass(frozen=True)
class Work:
    label: str
    queries: dnsperf.QueryFile
    rounds: int = 1
    warm: bool = False
    mode: str = "udp"


class Callgrind:
    """A server that counts its instructions from one dump to the next."""

    def __init__(self, command, folder, log):
        self._folder = pathlib.Path(folder)
        self._process = Process(
            ["valgrind", "--tool=callgrind", "--separate-threads=yes",
             f"--callgrind-out-file={folder}/callgrind.out", *command], log)

    def __enter__(self):
        self._process.__enter__()
        return self

    def __exit__(self, *how):
        self._process.__exit__(*how)

    def runs(self):
        return self._process.runs()

    def start_counting(self):
        self.counted()

    def counted(self):
        """Instructions of all threads since this was last asked."""
        before = set(self._folder.glob("callgrind.out.*"))
        self._control("-d")
        return sum(int(re.search(r"^(?:totals|summary): (\d+)",
                                 file.read_text(), re.MULTILINE)[1])
                   for file in
                   set(self._folder.glob("callgrind.out.*")) - before)

    def _control(self, *arguments):
        subprocess.run(["callgrind_control", *arguments,
                        str(self._process.pid)],
                       check=True, capture_output=True)


def until_it_answers(server, process, cluster):
    with Questions(server.port) as questions:
        for service in cluster.last_services():
            # Valgrind is slow: no patience is too much.
            if questions.seconds_until_right(service, 0, float("inf"), 0.05,
                                             process.runs) is None:
                raise SystemExit("canopydns does not answer under valgrind; "
                                 "see the log that --log names")


def _rounds(server, work, rounds):
    return dnsperf.run_rounds(server.port, work.queries, rounds, work.mode)


def measure(process, server, work):
    if work.warm:
        _rounds(server, work, 2)
    process.start_counting()
    outcome = _rounds(server, work, work.rounds)
    instructions = process.counted()
    return [work.label, str(outcome.completed),
            f"{instructions / outcome.completed:.0f}", str(outcome.lost)]


def parse_options():
    parser = command_line.parser(__doc__, runs=1)
    if not dnsperf.is_here():
        parser.error("dnsperf is not on PATH; apt-get install dnsperf")
    return command_line.parse(parser)


def works_in(folder, cluster):
    known = dnsperf.known_queries(folder, cluster)
    return [
        # First: nothing is cached yet.
        Work("cluster miss", dnsperf.all_queries(folder, cluster)),
        Work("cache hit", known, rounds=20, warm=True),
        Work("search path", dnsperf.search_path_queries(folder, 20_000)),
        Work("forwarded", dnsperf.outside_queries(folder, 10_000)),
        Work("TCP hit", known, rounds=10, warm=True, mode="tcp"),
    ]


def main():
    options = parse_options()
    stay_off_the_server_core()
    cluster = Cluster(SERVICES, 1)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="canopy-bench-"))
        log = stack.enter_context(open(options.log, "a"))
        manifests = stack.enter_context(Manifests(cluster, "json"))
        upstream = floor_server(compile_floor(folder))
        stack.enter_context(Process(upstream.command, log, CLIENT_CORE))
        until_it_echoes(upstream)
        server = servers.canopydns(
            options.binary, "canopydns", f"--manifests={manifests.folder}",
            upstream.port)
        process = stack.enter_context(Callgrind(server.command, folder, log))
        until_it_answers(server, process, cluster)
        rows = []
        for work in works_in(folder, cluster):
            print(f"  {work.label}", file=sys.stderr, flush=True)
            rows.append(measure(process, server, work))
    print()
    table.print_table(HEADER, rows, left=1)


if __name__ == "__main__":
    main()
