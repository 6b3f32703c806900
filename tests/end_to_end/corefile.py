"""canopydns in the place of CoreDNS: started with a Corefile alone, on the
ports of a Pod, in a network namespace."""

import re
import signal
import subprocess

from canopy import BINARY, environment
from until import PATIENCE, until

KUBEADM = """\
.:53 {
    errors
    health {
       lameduck 1s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
"""


class CorefileServer:
    """Runs until closed.  Objects come from manifests, so that no API server
    is needed."""

    def __init__(self, inside, corefile, folder, manifests=()):
        self._inside = inside
        self._log = folder / "canopydns.log"
        with open(self._log, "w") as log:
            self.process = subprocess.Popen(
                [*inside.prefix, BINARY, "-conf", corefile,
                 *(f"--manifests={path}" for path in manifests)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment())
        try:
            self.until_logged("health and metrics listen on|tier listens on")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()

    def log(self):
        return self._log.read_text()

    def count_logged(self, pattern):
        return len(re.findall(pattern, self.log()))

    def until_logged(self, pattern, times=1):
        def logged():
            assert self.process.poll() is None, self.log()
            return self.count_logged(pattern) >= times
        until(logged, lambda: f"{pattern!r} in {self.log()}")

    def short(self, *words, port=53, address="127.0.0.1"):
        return self._inside.short(port, *words, address=address)

    def dig(self, *words, port=53, address="127.0.0.1"):
        return self._inside.dig(port, *words, address=address)

    def until_answered(self, wanted, *words, **where):
        until(lambda: self.short(*words, **where) == wanted,
              lambda: f"{words} to be {wanted}: {self.dig(*words, **where)}"
                      f"{self.log()}")

    def http(self, port, path):
        """Returns the status and the body."""
        out = subprocess.run(
            [*self._inside.prefix, "curl", "-s", "-m", "20", "-w",
             "\n%{http_code}", f"http://127.0.0.1:{port}{path}"],
            stdout=subprocess.PIPE, text=True).stdout
        body, _, status = out.rpartition("\n")
        return int(status or 0), body
