"""One row of the cluster table: a server, from its start to a relist."""

import time
from dataclasses import dataclass, field

import dnsperf
import table
from cluster import Cluster
from process import Process
from question import Questions

START_SECONDS = 120  # at most, to the first answer
IDLE_SECONDS = 5  # from there to "idle": garbage collectors come to rest
LOAD_SECONDS = 2
EVENT_SECONDS = 3  # at most, from an event to its answer
RELIST_SECONDS = 60  # at most, until all watches are back
LOST_MEANS_STOP = 3  # events that did not show in time
BETWEEN_EVENTS = 0.05
POLL_SECONDS = 0.0001

HEADER = ["server", "first answer s", "CPU s until then", "RSS idle MB",
          "peak until then MB", "RSS after load MB", "relist peak MB",
          "event to answer ms: p50", "p99", "max"]


@dataclass
class Figures:
    """Of one row, over all runs."""
    first_answer: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    idle: list = field(default_factory=list)
    start_peak: list = field(default_factory=list)
    loaded: list = field(default_factory=list)
    relist_peak: list = field(default_factory=list)
    event_seconds: list = field(default_factory=list)
    lost: int = 0

    def row(self, label):
        return [label, table.median(self.first_answer, 2),
                table.median(self.cpu, 2), table.median(self.idle, 1),
                table.median(self.start_peak, 1), table.median(self.loaded, 1),
                table.median(self.relist_peak, 1), *self._event_cells()]

    def _event_cells(self):
        if not self.event_seconds:
            return [f"> {EVENT_SECONDS * 1000}" if self.lost else "-"] * 3
        cells = [f"{table.percentile(self.event_seconds, share) * 1000:.2f}"
                 for share in (0.5, 0.99, 1)]
        if self.lost:
            cells[2] = f"> {EVENT_SECONDS * 1000}"
        return cells


@dataclass
class Bench:
    cluster: Cluster
    samples: int
    log: object
    queries: dnsperf.QueryFile

    def measure(self, server, source, relist, figures):
        """`source.add` makes an event; `relist(process)` has everything read
        again and returns once that began in earnest."""
        start = time.perf_counter()
        with Process(server.command, self.log) as process, \
                Questions(server.port) as questions:
            if not self._first_answer(process, questions, start, figures):
                raise SystemExit(f"{server.label} does not answer; see the "
                                 "log that --log names")
            time.sleep(IDLE_SECONDS)
            figures.idle.append(process.resident_mb())
            if dnsperf.is_here():
                dnsperf.run(server.port, self.queries, LOAD_SECONDS)
                process.check_runs("under load")
                figures.loaded.append(process.resident_mb())
            self._events(source, questions, figures)
            process.forget_peak()
            relist(process)
            if self._event(source, questions, RELIST_SECONDS) is None:
                raise SystemExit(f"{server.label} shows no event after a "
                                 "relist; see the log that --log names")
            figures.relist_peak.append(process.peak_mb())

    def _first_answer(self, process, questions, start, figures):
        took = None
        for service in self.cluster.last_services():
            took = questions.seconds_until_right(
                service, start, START_SECONDS, 0.005, process.runs)
            if took is None:
                return False
        figures.first_answer.append(took)
        figures.cpu.append(process.cpu_seconds())
        figures.start_peak.append(process.peak_mb())
        return True

    def _events(self, source, questions, figures):
        lost = 0
        for _ in range(self.samples):
            time.sleep(BETWEEN_EVENTS)
            took = self._event(source, questions, EVENT_SECONDS)
            if took is not None:
                figures.event_seconds.append(took)
                continue
            lost += 1
            if lost == LOST_MEANS_STOP:
                break
        figures.lost += lost

    def _event(self, source, questions, patience):
        service = self.cluster.new_service()
        questions.ask_once(service)  # a moment before it exists
        start = source.add(service)
        return questions.seconds_until_right(service, start, patience,
                                             POLL_SECONDS)
