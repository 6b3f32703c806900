"""What both scripts are told, and what they say about where they ran."""

import argparse
import pathlib
import signal
import sys

import servers
import table

_BINARY = pathlib.Path(__file__).parents[2] / "build" / "canopydns"


def parser(description, runs):
    made = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawTextHelpFormatter)
    made.add_argument("--binary", default=_BINARY, type=pathlib.Path,
                      help="canopydns (default: build/canopydns)")
    made.add_argument("--coredns", metavar="PATH",
                      help="default: coredns on PATH, if it is there")
    made.add_argument("--runs", type=_at_least_one, default=runs,
                      help="of everything, interleaved; medians are shown\n"
                           f"(default: {runs})")
    made.add_argument("--log", default="/dev/null",
                      help="what the servers say is appended here")
    return made


def add_number(made, flag, default, meaning):
    made.add_argument(flag, type=_at_least_one, default=default,
                      help=f"{meaning} (default: {default})")


def parse(made):
    options = made.parse_args()
    if not options.binary.is_file():
        made.error(f"there is no {options.binary}; build it or give --binary")
    options.binary = options.binary.resolve()
    options.coredns = servers.find_peer(options.coredns, "coredns")
    # So that whatever was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return options


def provenance(options, loads):
    parts = [f"canopydns {servers.version_of(options.binary, 'version')}"]
    if options.coredns:
        parts.append(
            f"CoreDNS {servers.version_of(options.coredns, '-version')}")
    if getattr(options, "kube_dns", None):
        parts.append(
            f"kubedns {servers.version_of(options.kube_dns, '--version')}")
    return f"{', '.join(parts)}; {table.machine()}; {loads}"


def _at_least_one(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)
