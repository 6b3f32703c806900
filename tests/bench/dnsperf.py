"""Load from dnsperf (the Debian package), on the client's core."""

import itertools
import pathlib
import re
import shutil
import subprocess
from dataclasses import dataclass

from cluster import NAMESPACES

_SLACK_SECONDS = 20


@dataclass(frozen=True)
class QueryFile:
    path: pathlib.Path
    once: bool = False  # no name may be asked twice


@dataclass(frozen=True)
class Outcome:
    completed: int
    lost: int
    per_second: float


def is_here():
    return shutil.which("dnsperf") is not None


def run(port, queries, seconds, outstanding=100, rate=0, mode="udp"):
    return _run(port, queries, ["-m", mode, "-q", str(outstanding), "-t", "2",
                                "-l", str(seconds),
                                *(["-Q", str(rate)] if rate else []),
                                *(["-n", "1"] if queries.once else [])],
                seconds + _SLACK_SECONDS)


def run_at(port, queries, seconds, per_second):
    """No faster than that; each waits for an answer as long as glibc does."""
    return _run(port, queries, ["-Q", str(per_second), "-t", "5",
                                "-l", str(seconds)], seconds + _SLACK_SECONDS)


def run_rounds(port, queries, rounds, mode="udp"):
    """Each question `rounds` times, however long a slow server takes."""
    return _run(port, queries, ["-m", mode, "-n", str(rounds), "-q", "32",
                                "-t", "30"], 600)


def _run(port, queries, arguments, timeout):
    done = subprocess.run(
        ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", queries.path,
         "-T", "1", "-c", "8", *arguments],
        capture_output=True, text=True, timeout=timeout)

    def number(name):
        found = re.search(rf"{name}:\s+([\d.]+)", done.stdout)
        if not found:
            raise SystemExit(f"dnsperf printed no '{name}': {done.stderr}")
        return float(found[1])

    return Outcome(int(number("Queries completed")),
                   int(number("Queries lost")), number("Queries per second"))


def known_queries(folder, cluster):
    """Services of the cluster, again and again."""
    return _write(folder, "known", False,
                  (f"{service.domain_name} A"
                   for service in cluster.services[:1000]))


def all_queries(folder, cluster):
    """Every Service of the cluster, once."""
    return _write(folder, "all", True,
                  (f"{service.domain_name} A" for service in cluster.services))


def search_path_queries(folder, count):
    """What a pod's resolver makes of outside names first (ndots:5)."""
    return _write(folder, "search-path", True,
                  (f"www.example-{i}.com.ns-{i % NAMESPACES}.svc."
                   "cluster.local. A" for i in range(count)))


def outside_queries(folder, count):
    return _write(folder, "outside", True,
                  (f"host-{i}.site-{i % 997}.example.com. A"
                   for i in range(count)))


def mixed_queries(folder, cluster):
    """Services over the whole cluster, and names that do not exist."""
    step = max(1, len(cluster.services) // 5000)
    known = (f"{service.domain_name} A"
             for service in cluster.services[::step])
    absent = (f"www.example-{i}.com.ns-{i % NAMESPACES}.svc.cluster.local. A"
              for i in range(5000))
    return _write(folder, "mixed", False, itertools.chain.from_iterable(
        zip(known, absent)))


def daily_queries(folder, cluster):
    """What pods ask: Services, search paths, and outside names, few of them
    again and again and most of them once in a while."""
    def asked():
        for i, service in enumerate(cluster.services):
            yield f"{service.domain_name} A"
            yield f"{service.domain_name} AAAA"
            yield f"www.example-{i}.com.ns-{i % NAMESPACES}.svc.cluster.local. A"
            yield f"host-{i % 7}.example.com. A"
            yield f"host-{i}.site-{i % 997}.example.com. A"
    return _write(folder, "daily", False, asked())


def _write(folder, name, once, lines):
    path = pathlib.Path(folder) / f"{name}.txt"
    with open(path, "w") as out:
        out.writelines(line + "\n" for line in lines)
    return QueryFile(path, once)
