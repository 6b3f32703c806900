"""The server that is attacked: the real binary under the limit of deploy/,
with the example cluster."""

import http.client
import os
import pathlib
import signal
import subprocess
import threading
import time

import limit
import servers
from page import Metrics, Page
from program import words

EXAMPLE = pathlib.Path(__file__).parents[2] / "deploy" / "example"
PROBE_SECONDS = 5  # deploy/deployment.yaml's timeoutSeconds
_START_SECONDS = 20


class Server:
    def __init__(self, binary, folder, flags, address="127.0.0.1", log=None,
                 workers=2, prefix=()):
        self.address = address
        self.port, self.zone_port, self.http_port = (
            servers.free_port() for _ in range(3))
        self.log_file = pathlib.Path(folder) / "log"
        self.limit = limit.make()
        with open(self.log_file, "w") as file:
            self.process = subprocess.Popen(
                words(*self.limit.prefix, *prefix, binary, "serve",
                      f"--dns-bind-address={address}",
                      f"--dns-port={self.port}",
                      f"--zone-port={self.zone_port}",
                      f"--healthz-port={self.http_port}",
                      f"--workers={workers}", "--grace-period=0s", *flags),
                stdin=subprocess.DEVNULL, stdout=file, stderr=log or file,
                env={name: value for name, value in os.environ.items()
                     if not name.startswith(("CANOPYDNS_", "KUBERNETES_"))})
        self.pid = self.process.pid

    def until_ready(self):
        last = time.monotonic() + _START_SECONDS
        while time.monotonic() < last:
            if not self.runs():
                raise RuntimeError(f"it ended with {self.process.returncode} "
                                   f"at the start: {self.log()[-300:]}")
            try:
                if all(self.page(path, 1).status == 200
                       for path in ("/readyz", "/healthz")):
                    self.limit.started(self.pid)
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        raise RuntimeError(f"it was not ready: {self.log()[-500:]}")

    def runs(self):
        return self.process.poll() is None

    def log(self):
        return self.log_file.read_text(errors="replace")

    def page(self, path, seconds=PROBE_SECONDS):
        return Page(self.http_port, path, self.address, seconds=seconds)

    def shed(self):
        """What the server says that it did not do, of all kinds."""
        try:
            metrics = Metrics(self.page("/metrics").body)
        except (OSError, http.client.HTTPException):
            return {}
        return {(name, *labels.values()): value
                for name, labels, value in metrics.samples
                if name.endswith("_total") and any(
                    word in name for word in _SHED_WORDS) and value}

    def end(self, seconds):
        """Returns (exit code, seconds it took); killed if it takes longer."""
        began = time.monotonic()
        if self.runs():
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        self.limit.close()
        return code, time.monotonic() - began


_SHED_WORDS = ("shed", "refused", "dropped", "turned_away", "closed",
               "rejected", "evict", "limited", "oversized", "truncated")


class Watch(threading.Thread):
    """Looks at a server's memory ten times a second, and at /healthz twice as
    the kubelet does, until it is told to end."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self._server = server
        self._over = threading.Event()
        self.peak = self.peak_used = 0
        self.ill = []  # what /healthz said that is not 200
        self.slowest_probe = 0.0
        self._prober = threading.Thread(target=self._probe, daemon=True)

    def begin(self):
        self.start()
        self._prober.start()

    def end(self):
        self._over.set()
        self.join()
        self._prober.join()

    def run(self):
        while not self._over.wait(0.1):
            try:
                self.peak = limit.peak(self._server.pid)
                used = self._server.limit.used()
            except (OSError, TypeError):  # it has ended
                continue
            self.peak_used = max(self.peak_used, used or 0)

    def _probe(self):
        while not self._over.wait(0.5) and self._server.runs():
            began = time.monotonic()
            try:
                page = self._server.page("/healthz")
                if page.status != 200:
                    self.ill.append(f"{page.status} {page.body.strip()}")
            except (OSError, http.client.HTTPException) as error:
                if self._server.runs():
                    self.ill.append(f"no answer: {error}")
            self.slowest_probe = max(self.slowest_probe,
                                     time.monotonic() - began)
