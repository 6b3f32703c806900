#!/usr/bin/python3
"""How canopydns carries a large cluster, beside CoreDNS and kube-dns: time and
CPU to the first right answer, memory, and the time from an event to the answer
that shows it.

Prints a table; passes no judgement.  Needs python3-dnspython and, for the
column 'RSS after load', dnsperf.  Everything is on 127.0.0.1: the server on
one core, the API server, which is our own (fake_api.py), and the client on
another.  The peers are measured when their binaries are given or on PATH:

  go install github.com/coredns/coredns@v1.12.2
  go install k8s.io/dns/cmd/kube-dns@VERSION
"""

import contextlib
import signal
import sys
import tempfile
import time

import command_line
import dnsperf
import servers
import table
from cluster import HEADLESS_EVERY, Cluster
from fake_api import FakeApi
from manifests import Manifests
from process import stay_off_the_server_core
from scale_row import HEADER, RELIST_SECONDS, Bench, Figures

# Measured elsewhere, on two cores as well: where a peer's binary is missing.
RECORDED = {
    "coredns": ["CoreDNS (recorded, other run)", "1.7", "-", "165", "-", "-",
                "-", "-", "-", "-"],
    "kube-dns": ["kubedns (recorded, other run)", "-", "-", "220", "-", "-",
                 "-", "-", "-", "-"],
}


def from_api(bench, make_server, figures):
    with FakeApi(bench.cluster) as api:
        def relist(_):
            watched = api.watched()
            api.expire_watches()
            end = time.monotonic() + RELIST_SECONDS
            while api.watched() < watched and time.monotonic() < end:
                time.sleep(0.01)

        bench.measure(make_server(api.url), api, relist, figures)


def from_manifests(bench, form, make_server, figures):
    with Manifests(bench.cluster, form) as manifests:
        bench.measure(make_server(manifests.folder), manifests,
                      lambda process: process.signal(signal.SIGHUP), figures)


def rows_to_measure(options, folder):
    """(label, function of bench and figures), in the table's order."""
    def canopydns(flag):
        return lambda where: servers.canopydns(
            options.binary, "canopydns", f"--{flag}={where}")

    def api_row(label, make_server):
        return label, lambda bench, figures: from_api(
            bench, make_server, figures)

    def manifest_row(label, form):
        return label, lambda bench, figures: from_manifests(
            bench, form, canopydns("manifests"), figures)

    yield api_row("canopydns, API server", canopydns("kube-master-url"))
    yield manifest_row("canopydns, manifests (JSON)", "json")
    if options.yaml:
        yield manifest_row("canopydns, manifests (YAML)", "yaml")
    if options.coredns:
        for cached in (False, True):
            label = "CoreDNS" + (", caching cluster names" if cached else "")
            yield api_row(label, lambda url, cached=cached: servers.coredns(
                options.coredns, folder, url, cached))
    if options.kube_dns:
        yield api_row("kubedns (without dnsmasq)",
                      lambda url: servers.kube_dns(options.kube_dns, url))


def parse_options():
    parser = command_line.parser(__doc__, runs=3)
    parser.add_argument("--kube-dns", metavar="PATH",
                        help="default: kube-dns on PATH, if it is there")
    parser.add_argument("--yaml", action="store_true",
                        help="a row for a folder of YAML files too")
    for flag, default, meaning in (
            ("--services", 10_000, "in the cluster, at least 10"),
            ("--endpoints", 10, "of each Service"),
            ("--samples", 100, "events in each run")):
        command_line.add_number(parser, flag, default, meaning)
    options = command_line.parse(parser)
    if options.services < HEADLESS_EVERY:
        parser.error("--services: at least 10, so that one is headless")
    options.kube_dns = servers.find_peer(options.kube_dns, "kube-dns")
    return options


def print_result(options, figures, loads):
    rows = [row.row(label) for label, row in figures.items()]
    rows += [RECORDED[name] for name, path in
             (("coredns", options.coredns), ("kube-dns", options.kube_dns))
             if not path]
    print(f"\n{options.services} Services x {options.endpoints} endpoints; "
          f"medians of {options.runs} runs, events pooled\n")
    table.print_table(HEADER, rows)
    print(f"\n{command_line.provenance(options, loads)}")


def main():
    options = parse_options()
    stay_off_the_server_core()
    loads = table.Loads()
    figures = {}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="canopy-bench-"))
        log = stack.enter_context(open(options.log, "a"))
        cluster = Cluster(options.services, options.endpoints)
        bench = Bench(cluster, options.samples, log,
                      dnsperf.mixed_queries(folder, cluster))
        rows = list(rows_to_measure(options, folder))
        for run in range(options.runs):
            for label, measure in rows:
                loads.note()
                print(f"run {run + 1} of {options.runs}: {label}",
                      file=sys.stderr, flush=True)
                measure(bench, figures.setdefault(label, Figures()))
    loads.note()
    print_result(options, figures, loads)


if __name__ == "__main__":
    main()
