#!/usr/bin/python3
"""What a query costs: CPU microseconds of the server alone, from the kernel's
own accounting of its threads, beside an echo of datagrams (floor.cc) that does
as little as can be, and beside CoreDNS and
the peers of peers.py, those that are here.  Queries per second depend on what the
client can send; this hardly does.

  cache hit     1,000 Services, each known to the cache
  search path   www.example-K.com.ns-M.svc.cluster.local, no name twice
  mixed         the two above in turn, names come again
  10,000 q/s    cache hits at that rate: few queries for each wake-up
  forwarded     outside names, no name twice, answered by the echo
  TCP hit       cache hits over eight connections that stay open

Prints a table; passes no judgement.  Needs dnsperf, g++ and python3-dnspython.
Server on one core, everything else on another, all on 127.0.0.1.  'others'
is how much of the server's core went to somebody else: at more than a few
percent look at the medians with suspicion.
"""

import contextlib
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import command_line
import dnsperf
import peers
import plot
import servers
import table
from cluster import Cluster
from fake_api import FakeApi
from process import (CLIENT_CORE, Process, core_busy_seconds,
                     stay_off_the_server_core)
from question import Questions

SERVICES = 1000
START_SECONDS = 30
FASTEST = 400_000  # queries a second: enough names for the fastest server

HEADER = ["work", "server", "CPU us/query", "min", "max", "of the floor",
          "queries/s", "lost", "others"]


@dataclass(frozen=True)
class Work:
    label: str
    queries: dnsperf.QueryFile
    rate: int = 0  # queries a second; 0: as many as are answered
    mode: str = "udp"

    def load(self, port, seconds):
        return dnsperf.run(port, self.queries, seconds, rate=self.rate,
                           mode=self.mode)

    def suits(self, server):
        """nsd forwards nothing, the echo hears no TCP, and dnsmasq answers
        it in processes that are gone before they can be counted."""
        if self.mode == "tcp":
            return not server.label.startswith(("floor", "dnsmasq"))
        return server.label != "nsd" or self.label != "forwarded"



@dataclass
class Figures:
    cpu: list = field(default_factory=list)
    per_second: list = field(default_factory=list)
    others: list = field(default_factory=list)
    lost: int = 0

    def row(self, work, server, floor):
        cost = statistics.median(self.cpu)
        return [work, server, f"{cost:.2f}", f"{min(self.cpu):.2f}",
                f"{max(self.cpu):.2f}",
                f"{cost / floor:.2f}" if floor else "-",
                table.median(self.per_second, 0), str(self.lost),
                f"{100 * statistics.median(self.others):.0f} %"]


def measure(process, server, work, seconds, figures):
    if not work.queries.once:
        work.load(server.port, 1)  # into the caches
    wall, cpu, busy = (time.monotonic(), process.cpu_nanoseconds(),
                       core_busy_seconds())
    outcome = work.load(server.port, seconds)
    process.check_runs(f"under the load '{work.label}'")
    cpu = process.cpu_nanoseconds() - cpu
    wall, busy = time.monotonic() - wall, core_busy_seconds() - busy
    if not outcome.completed:
        raise SystemExit(f"{server.label} answered nothing under the load "
                         f"'{work.label}'; see the log that --log names")
    figures.cpu.append(cpu / 1000 / outcome.completed)
    figures.per_second.append(outcome.per_second)
    figures.others.append(max(0, busy - cpu / 1e9) / wall)
    figures.lost += outcome.lost


def until_it_answers(server, process, cluster):
    with Questions(server.port) as questions:
        start = time.perf_counter()
        for service in cluster.last_services():
            if questions.seconds_until_right(
                    service, start, START_SECONDS, 0.01,
                    process.runs) is None:
                raise SystemExit(f"{server.label} does not answer; see the "
                                 "log that --log names")


def until_it_echoes(server):
    with Questions(server.port) as questions:
        if not questions.answers_within(START_SECONDS):
            raise SystemExit("the echo of floor.cc does not answer")


def compile_floor(folder):
    program = pathlib.Path(folder) / "floor"
    source = pathlib.Path(__file__).with_name("floor.cc")
    subprocess.run(["g++", "-std=c++20", "-O2", "-o", program, source],
                   check=True)
    return program


def floor_server(program):
    port = servers.free_port()
    return servers.Server("floor (echo)", [program, port], port)


def servers_to_measure(options, folder, floor, api_url, upstream,
                       authority):
    yield floor_server(floor)
    yield servers.canopydns(options.binary, "canopydns",
                            f"--kube-master-url={api_url}", upstream)
    if options.coredns:
        for cached in (True, False):
            yield servers.coredns(options.coredns, folder, api_url, cached,
                                  upstream)
    yield from peers.all_here(peers.Folder(pathlib.Path(folder), authority,
                                           upstream))


def start_authority(stack, folder, log):
    """The port of an nsd that the caching peers ask for the cluster."""
    if not peers.program("nsd"):
        return servers.free_port()
    server = peers.nsd(peers.Folder(pathlib.Path(folder), 0, 0))
    stack.enter_context(Process(server.command, log, CLIENT_CORE))
    return server.port


def parse_options():
    parser = command_line.parser(__doc__, runs=5)
    command_line.add_number(parser, "--seconds", 2,
                            "of load, for each server, work and run")
    parser.add_argument("--plot", type=pathlib.Path, metavar="FILE",
                        help="the same as bars, SVG")
    if not dnsperf.is_here():
        parser.error("dnsperf is not on PATH; apt-get install dnsperf")
    return command_line.parse(parser)


def run_server(server, works, options, cluster, log, figures):
    with Process(server.command, log) as process:
        if server.label.startswith("floor"):
            until_it_echoes(server)
        else:
            until_it_answers(server, process, cluster)
        for work in works:
            if not work.suits(server):
                continue
            measure(process, server, work, options.seconds,
                    figures.setdefault((work.label, server.label), Figures()))


def run_once(names, works, options, cluster, log, figures):
    for server in names:
        print(f"  {server.label}", file=sys.stderr, flush=True)
        try:
            run_server(server, works, options, cluster, log, figures)
        except SystemExit as why:
            if server.label.startswith(("floor", "canopydns")):
                raise
            # A peer that does not run here is no reason to lose the others.
            print(f"  left out: {why}", file=sys.stderr, flush=True)


def print_result(options, figures, loads):
    figures = {key: found for key, found in figures.items() if found.cpu}
    print(f"\n{options.runs} runs, interleaved; medians\n")
    order = list(dict.fromkeys(work for work, _ in figures))
    floor = {work: statistics.median(found.cpu)
             for (work, server), found in figures.items()
             if server.startswith("floor")}
    table.print_table(HEADER, [
        found.row(work, server, floor.get(work))
        for (work, server), found in sorted(
            figures.items(), key=lambda item: order.index(item[0][0]))],
        left=2)
    print(f"\n{command_line.provenance(options, loads)}; "
          f"{', '.join(peers.versions())}")
    for line in peers.missing():
        print(f"not measured: {line}")
    if not options.coredns:
        print("not measured: coredns: not on PATH, and not given")
    if options.plot:
        plot.write_bars(options.plot, "CPU microseconds per query", [
            (name, [(server, statistics.median(found.cpu))
                    for (work, server), found in figures.items()
                    if work == name]) for name in order])


def main():
    options = parse_options()
    stay_off_the_server_core()
    loads, figures = table.Loads(), {}
    cluster = Cluster(SERVICES, 1)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="canopy-bench-"))
        log = stack.enter_context(open(options.log, "a"))
        api = stack.enter_context(FakeApi(cluster))
        floor = compile_floor(folder)
        upstream = floor_server(floor)
        stack.enter_context(Process(upstream.command, log, CLIENT_CORE))
        until_it_echoes(upstream)
        peers.write_zone(folder, cluster)
        authority = start_authority(stack, folder, log)
        count = FASTEST * options.seconds
        known = dnsperf.known_queries(folder, cluster)
        works = [Work("cache hit", known),
                 Work("search path",
                      dnsperf.search_path_queries(folder, count)),
                 Work("mixed", dnsperf.mixed_queries(folder, cluster)),
                 Work("10,000 q/s", known, rate=10_000),
                 Work("forwarded", dnsperf.outside_queries(folder, count)),
                 Work("TCP hit", known, mode="tcp")]
        for run in range(options.runs):
            loads.note()
            print(f"run {run + 1} of {options.runs}", file=sys.stderr)
            names = list(servers_to_measure(options, folder, floor, api.url,
                                            upstream.port, authority))
            run_once(names, works, options, cluster, log, figures)
    loads.note()
    print_result(options, figures, loads)


if __name__ == "__main__":
    main()
