#!/usr/bin/python3
"""What an event costs: a headless Service changes one endpoint at a time, and
the change is waited for.  CPU microseconds of the server, from the kernel's
accounting, and the time from the event to the answer, for a Service of 10
endpoints, of 100 (one full slice) and of 5,000 (50 slices).

Prints a table; passes no judgement.  Needs python3-dnspython.  The questions
that wait for the change are in the CPU too: a few microseconds each.
"""

import contextlib
import statistics
import sys
import time
from dataclasses import dataclass, field

import command_line
import servers
import table
from cluster import SLICES, Cluster, Service
from fake_api import FakeApi
from process import Process, stay_off_the_server_core
from question import Questions

SIZES = (10, 100, 5000)  # endpoints
START_SECONDS = 30
EVENT_SECONDS = 10
BETWEEN_POLLS = 0.0005
HEADER = ["endpoints", "CPU us/event", "min", "max",
          "event to answer ms: p50", "p99", "max"]


@dataclass(frozen=True)
class Endpoint:
    """Of a headless Service, by the name that its address makes."""
    address: str
    service: Service

    @property
    def domain_name(self):
        return (f"{self.address.replace('.', '-')}."
                f"{self.service.domain_name}")

    @property
    def answer(self):
        return {self.address}


@dataclass
class Figures:
    cpu: list = field(default_factory=list)
    seconds: list = field(default_factory=list)

    def row(self, size):
        return [str(size), f"{statistics.median(self.cpu):.0f}",
                f"{min(self.cpu):.0f}", f"{max(self.cpu):.0f}",
                *(f"{table.percentile(self.seconds, share) * 1000:.2f}"
                  for share in (0.5, 0.99, 1))]


def changes(service, count):
    """(slice, endpoint) pairs: one endpoint of a slice moves each time."""
    slices = [thing for resource, thing in service.objects()
              if resource == SLICES]
    for i in range(count):
        changed = slices[i % len(slices)]
        address = f"10.200.{i // 250}.{i % 250 + 1}"
        changed["endpoints"][0]["addresses"] = [address]
        yield changed, Endpoint(address, service)


def shown(endpoint, start, process, questions, patience):
    took = questions.seconds_until_right(endpoint, start, patience,
                                         BETWEEN_POLLS, process.runs)
    if took is None:
        raise SystemExit(f"canopydns does not show {endpoint.domain_name}; "
                         "see the log that --log names")
    return took


def measure(size, options, log, figures):
    cluster = Cluster(10, 1)
    service = Service(10, size, "large", "ns-0", headless=True)
    cluster.services.append(service)
    with contextlib.ExitStack() as stack:
        api = stack.enter_context(FakeApi(cluster))
        server = servers.canopydns(options.binary, "canopydns",
                                   f"--kube-master-url={api.url}")
        process = stack.enter_context(Process(server.command, log))
        questions = stack.enter_context(Questions(server.port))
        last = Endpoint(service.endpoint_ips[-1], service)
        shown(last, time.perf_counter(), process, questions, START_SECONDS)
        while SLICES not in api.watched():
            time.sleep(0.01)
        cpu = process.cpu_nanoseconds()
        for changed, endpoint in changes(service, options.events):
            start = api.modify(SLICES, changed)
            figures.seconds.append(
                shown(endpoint, start, process, questions, EVENT_SECONDS))
        cpu = process.cpu_nanoseconds() - cpu
        figures.cpu.append(cpu / 1000 / options.events)


def main():
    parser = command_line.parser(__doc__, runs=3)
    command_line.add_number(parser, "--events", 200, "in each run")
    options = command_line.parse(parser)
    stay_off_the_server_core()
    loads = table.Loads()
    figures = {size: Figures() for size in SIZES}
    with open(options.log, "a") as log:
        for run in range(options.runs):
            for size in SIZES:
                loads.note()
                print(f"run {run + 1} of {options.runs}: {size} endpoints",
                      file=sys.stderr, flush=True)
                measure(size, options, log, figures[size])
    print()
    table.print_table(HEADER, [found.row(size)
                               for size, found in figures.items()])
    print(f"\n{command_line.provenance(options, loads)}")


if __name__ == "__main__":
    main()
