#!/usr/bin/python3
"""The attack suite: the real binary under the memory limit of deploy/, with
the example cluster, is attacked in many ways, one after the other, while
honest clients ask 500 questions a second.  Prints a table.

An attack passes if no honest question is lost, p99 of their answers is under
50 ms, the server takes less than 128 MiB and 10 s later is within 16 MiB of
where it began, /healthz always is 200 in time, and the server ends at
SIGTERM.  Where others keep the processors busy p99 is not judged, and an
attack that fails while the honest clients were held up is run again, once.
The last line is 'N passed, N failed, N skipped'.

The columns: what the attackers sent (messages, MiB) and got; the honest
questions, those lost, and their answers' times in ms; the server's resident
memory before the attack and at its peak, the peak with the kernel's buffers
but without the cache of files, and what is resident 10 s later, all in MiB;
the slowest /healthz in ms; how much of the processors others took."""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

import paths  # noqa: F401
import attacks
import limit
import table_row
from attack import Place, Sent, Target
from processors import ByOthers
from program import HERE, Program
from server import EXAMPLE, Server, Watch

BEFORE_SECONDS, AFTER_SECONDS, LATER_SECONDS = 1.5, 0.5, 10


class Run:
    """Of one attack.  `begin` is the attack itself; `finish`, which may run
    beside the next attack, is what comes 10 s later."""

    def __init__(self, binary, attack, in_namespace):
        self._binary, self._attack = binary, attack
        self._in_namespace = in_namespace
        self.row = table_row.Row(attack)
        self._stack = contextlib.ExitStack()
        self._later = None

    def begin(self):
        if self._attack.needs_namespace and not self._in_namespace:
            self.row.skipped = "no network namespace here"
            return
        try:
            self._begin()
        except (RuntimeError, OSError, AssertionError,
                subprocess.SubprocessError) as error:
            self.row.faults.append(_in_a_line(error))

    def _begin(self):
        attack = self._attack
        folder = pathlib.Path(self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="canopydns-attack-")))
        upstream = self._stack.enter_context(Program(
            "resolver.py", *map(str, attack.resolver_at)))
        place = Place(self._binary, folder, self._stack, upstream.line())
        flags = [*attack.flags, *attack.upstream_flags(place)]
        if attack.serves_example:
            flags.append(f"--manifests={EXAMPLE}")
        flags += attack.prepare(place)
        self.server = Server(self._binary, folder, flags, attack.address,
                             attack.log(place), attack.workers,
                             attack.prefix)
        self._stack.callback(self.server.end, 1)
        self.server.until_ready()
        self._watch = Watch(self.server)
        self._watch.begin()
        self._ask_and_attack()
        self._later = threading.Thread(target=self._finish, daemon=True)
        self._later.start()

    def _ask_and_attack(self):
        attack, row, server = self._attack, self.row, self.server
        honest = Program("honest.py", json.dumps({
            "address": attack.address, "port": server.port,
            "sources": attack.honest_sources,
            "per_second": attack.honest_per_second}))
        try:
            time.sleep(BEFORE_SECONDS)
            row.resident_before = limit.resident(server.pid)
            row.began, others = time.time(), ByOthers()
            row.sent = self._attack_it()
            row.others = others.share()
            time.sleep(AFTER_SECONDS)
            row.take_honest(honest.told())
        finally:
            honest.end()
        self._ended = time.monotonic() - AFTER_SECONDS

    def _attack_it(self):
        attack, server = self._attack, self.server
        target = Target(attack.address, server.port, server.zone_port,
                        server.http_port, server.pid, attack.seconds)
        attackers = [Program("attacker.py", attack.name, json.dumps(
            {**dataclasses.asdict(target), "process": i}), nice=10)
            for i in range(attack.processes)]
        sent = Sent()
        try:
            attack.meanwhile(server, attack.seconds)
            sent += attack.sent()
            for attacker in attackers:
                sent += Sent(**attacker.told())
        finally:
            for attacker in attackers:
                attacker.end()
        return sent

    def _finish(self):
        row, server, attack = self.row, self.server, self._attack
        try:
            time.sleep(max(0, self._ended + LATER_SECONDS - time.monotonic()))
            row.take_watch(self._watch)
            if server.runs():
                row.resident_after = limit.resident(server.pid)
                row.counted = server.shed()
            row.faults += attack.faults(server)
            ran = server.runs()
            code, took = server.end(attack.ends_by_sigterm_within)
            row.take_end(ran, code, took)
        except Exception as error:  # told in the table
            row.faults.append(_in_a_line(error))

    def finish(self):
        if self._later:
            self._later.join()
            self._watch.end()
        self.log = self.server.log() if hasattr(self, "server") else ""
        self._stack.close()
        return self.row


def _in_a_line(error):
    return f"{type(error).__name__}: " + "; ".join(str(error).splitlines())


def run_all(options, chosen, in_namespace):
    rows, finishing = [], []

    def take(run):
        row = run.finish()
        if row.faults and row.was_held_up and not options.no_retry:
            print(f"{row.name}: the honest clients were held up for "
                  f"{row.longest_stall:.1f} s; once more", flush=True)
            again = Run(options.binary, run._attack, in_namespace)
            again.begin()
            run, row = again, again.finish()
        print(row.line(), flush=True)
        if options.logs:
            options.logs.mkdir(parents=True, exist_ok=True)
            (options.logs / f"{row.name}.log").write_text(run.log)
        rows.append(row)

    print(f"limit: {limit.kind()}, {limit.LIMIT >> 20} MiB")
    print(table_row.HEAD, flush=True)
    for attack in chosen:
        run = Run(options.binary, attack, in_namespace)
        run.begin()
        finishing.append(run)
        if len(finishing) > 1:
            take(finishing.pop(0))
    for run in finishing:
        take(run)
    return rows


def enter_namespace():
    """Ports and addresses of our own, if the kernel lets us."""
    if os.environ.get("CANOPYDNS_ATTACK_NAMESPACE"):
        prepared = [
            "ip link set lo up",
            "ip -6 route add local fd00:10:244:1::/64 dev lo",
            "sysctl -qw net.ipv6.ip_nonlocal_bind=1",
            "sysctl -qw net.ipv4.ip_local_port_range='10000 65000'"]
        return subprocess.run(["sh", "-ec", "; ".join(prepared)],
                              stderr=subprocess.DEVNULL).returncode == 0
    words = ["unshare", "--net"] + (
        [] if os.geteuid() == 0 else ["--map-root-user"])
    if subprocess.run([*words, "true"],
                      stderr=subprocess.DEVNULL).returncode:
        return False
    os.environ["CANOPYDNS_ATTACK_NAMESPACE"] = "1"
    os.execvp(words[0], [*words, sys.executable, "-B", *sys.argv])


def parse():
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    made.add_argument("--binary", type=pathlib.Path,
                      default=HERE.parents[1] / "build" / "canopydns")
    made.add_argument("--only", nargs="+", metavar="NAME", default=[],
                      help="these attacks: 1a, or 1 for 1a, 1b...")
    made.add_argument("--list", action="store_true", help="name the attacks")
    made.add_argument("--logs", metavar="FOLDER", type=pathlib.Path,
                      help="keep what the servers say there")
    made.add_argument("--no-retry", action="store_true")
    options = made.parse_args()
    if not options.binary.is_file():
        made.error(f"there is no {options.binary}; build it or give --binary")
    options.binary = options.binary.resolve()
    return options


def is_chosen(attack, only):
    return not only or any(
        attack.name == name or attack.name.rstrip("abcdefghijkl") == name
        for name in only)


def main():
    options = parse()
    chosen = [attack for attack in attacks.ALL
              if is_chosen(attack, options.only)]
    if options.list:
        for attack in chosen:
            print(f"{attack.name:4} {attack.what}")
        return 0
    in_namespace = enter_namespace()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rows = run_all(options, chosen, in_namespace)
    return table_row.summary(rows)


if __name__ == "__main__":
    sys.exit(main())
