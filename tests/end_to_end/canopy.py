"""The real canopydns binary, on ports that the kernel chose."""

import os
import pathlib
import re
import signal
import subprocess

from ask import ask, data, rcode
from closed_port import ClosedPort
from page import Metrics, Page
from until import PATIENCE, until

_REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("CANOPYDNS_BINARY",
                                     _REPOSITORY / "build" / "canopydns"))

# Memory and times are several times those of the release build.
IS_SANITIZED = BINARY.is_file() and any(
    mark in BINARY.read_bytes() for mark in (b"__tsan_init", b"__asan_init"))

# "... cache tier listens on 127.0.0.1:40001 (UDP and TCP)"
_LISTENS = re.compile(r"(cache tier|zone tier|health and metrics) listens? on "
                      r"(?:http://)?(\S+):(\d+)")


def environment(**more):
    """Returns the test's environment without variables that would set a
    flag."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("CANOPYDNS_", "KUBERNETES_"))}
    return {**kept, **more}


def run(*words, env=None, prefix=()):
    """Runs until the process ends.  The result has returncode, stdout and
    stderr."""
    return subprocess.run([*prefix, BINARY, *map(str, words)],
                          timeout=PATIENCE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True,
                          env=environment(**(env or {})))


class Canopy:
    """A running process.  The constructor returns when the process is ready,
    unless `wait` is "listening" or None.  `flags` are added to the usual ones
    and override them.  With `address` None the process chooses its addresses,
    and is queried at 127.0.0.1.  Unless a flag changes this, outside names have
    a closed port as their upstream.  The log goes to `stderr`, a
    full_pipe.FullPipe, if given.  `corefile` is the text of a Corefile; then
    the usual flags that it replaces are left out."""

    def __init__(self, folder, *flags, manifests=(), env=None, prefix=(),
                 binary=BINARY, address="127.0.0.1", ports=(0, 0, 0),
                 stderr=None, corefile=None, wait="ready"):
        self.address = address or "127.0.0.1"
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log = self.folder / "canopydns.log"
        self._nowhere = ClosedPort()
        ours = [*([f"--dns-bind-address={address}"] if address else []),
                *(f"--{name}-port={port}" for name, port in
                  zip(("dns", "zone", "healthz"), ports)),
                *(f"--manifests={path}" for path in manifests),
                "--grace-period=0s",  # test_drain.py says otherwise
                f"--nameservers={self._nowhere.server}"]
        if any(str(flag).startswith("--resolv-conf") for flag in flags):
            ours.pop()  # --nameservers would win
        self._listeners = 2 if "--zone-port=off" in flags else 3
        if corefile is not None:
            self.corefile = self.folder / "Corefile"
            self.corefile.write_text(corefile)
            ours = ["-conf", self.corefile, "-dns.port", ports[0],
                    "--grace-period=0s"]
            self._listeners = 1 + any(
                word in corefile.split()
                for word in ("health", "ready", "prometheus"))
        with open(self._log, "w") as log:
            self.process = subprocess.Popen(
                [*prefix, binary, "serve", *map(str, [*ours, *flags])],
                stdin=subprocess.DEVNULL, stdout=log,
                stderr=stderr.fill(self._log) if stderr else log,
                env=environment(**(env or {})))
        self.told_to_end = self.killed = False
        self._ports = {}
        try:
            if wait:
                self._until_listening()
            if wait == "ready":
                self.until_ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *exception):
        self.stop(check=kind is None)

    # Addresses and ports.

    @property
    def pid(self):
        return self.process.pid

    @property
    def port(self):
        return self._ports["cache tier"]

    @property
    def zone_port(self):
        return self._ports["zone tier"]

    @property
    def http_port(self):
        return self._ports["health and metrics"]

    @property
    def http_ports(self):
        """All of them, in the order of the log lines."""
        return [int(port) for what, _, port in _LISTENS.findall(self.log())
                if what == "health and metrics"]

    def tier_port(self, tier):
        return self.port if tier == "cache" else self.zone_port

    # Answers, pages and log lines.

    def log(self):
        return self._log.read_text()

    def log_lines(self, text):
        return [line for line in self.log().splitlines() if text in line]

    def ask(self, name, rtype="A", tier="cache", **how):
        return ask(self.tier_port(tier), name, rtype, address=self.address,
                   **how)

    def data(self, name, rtype="A", tier="cache", **how):
        """The sorted data of the answer, or the rcode if there is none."""
        reply = self.ask(name, rtype, tier, **how)
        return data(reply, rtype) or rcode(reply)

    def serial(self, domain="cluster.local"):
        """Returns the serial of the published zone, from the SOA of the
        uncached tier."""
        reply = self.ask(domain, "SOA", "zone")
        assert rcode(reply) == "NOERROR", reply
        return reply.answer[0][0].serial

    def page(self, path, port=None, **how):
        return Page(port or self.http_port, path, self.address, **how)

    def metrics(self):
        return Metrics(self.page("/metrics").body)

    def forwarded(self):
        """Returns how many queries were forwarded to upstreams.  Retries to a
        slow upstream are not counted."""
        return self.metrics().sum("canopydns_forward_requests_total")

    # Signals.

    def signal(self, number):
        self.told_to_end |= number in (signal.SIGTERM, signal.SIGINT)
        self.process.send_signal(number)

    def kill(self):
        """Sends SIGKILL, like a kernel without memory.  This is not a
        failure."""
        self.killed = True
        self.process.kill()
        self.process.wait()

    def exit_code(self, seconds=PATIENCE):
        return self.process.wait(seconds)

    def until_ended(self, has_ended):
        """Waits for the process to end, which the test has caused."""
        until(has_ended, lambda: f"the end; its log:\n{self.log()}",
              PATIENCE + 10)
        self.killed = True

    def stop(self, check=True):
        """Stops the process.  Fails if it crashed before or does not end."""
        crashed = None if self.told_to_end else self.process.poll()
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE + 10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"SIGTERM did not end it:\n{self.log()}")
        finally:
            self._nowhere.close()
        if check and not self.killed:
            assert crashed is None, f"ended with {crashed}:\n{self.log()}"
            assert code == 0, f"exit code {code}:\n{self.log()}"

    # Waits for conditions.

    def until_ready(self, seconds=None):
        self.until(lambda: self.page("/readyz").status == 200,
                   "/readyz to be 200", seconds)

    def until_serial_moves(self, before):
        """Waits until a newer zone is published.  Returns its serial."""
        self.until(lambda: self.serial() != before,
                   f"the serial to move on from {before}")
        return self.serial()

    def until(self, condition, what, seconds=None):
        def look():
            assert self.process.poll() is None, (
                f"it ended with {self.process.returncode}:\n{self.log()}")
            return condition()
        return until(look, lambda: f"{what}; its log:\n{self.log()}", seconds)

    def _until_listening(self):
        def found():
            self._ports = {what: int(port) for what, _, port
                           in _LISTENS.findall(self.log())}
            return len(self._ports) == self._listeners
        self.until(found, "a line for each listener")
