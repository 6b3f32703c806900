"""The three programs of a cluster, each as an object that starts and ends."""

import contextlib
import json
import signal
import socket
import subprocess
import time

from kube_apiserver.certificates import openssl
from kube_apiserver.program import Program, ProgramError
from kube_apiserver.rest import ApiError

# Service addresses: what kubeadm uses, and an IPv6 range of the same kind.
_SERVICE_RANGES = "10.96.0.0/16,fd00:10:96::/112"

_AUDIT_POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver", "system:anonymous"]
- level: Metadata
"""


class Etcd:
    def __init__(self, binary, workdir):
        self._binary = binary
        self._program = Program([binary, "etcd", workdir / "etcd"],
                                workdir / "etcd.log", first_line=True)
        self.url = self._program.first_line(30).removeprefix("listening ")

    def compact(self):
        """Returns the revision from which on the past is known."""
        done = subprocess.run([self._binary, "compact", self.url], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise ProgramError(f"compaction failed: {done.stderr.strip()}")
        return int(done.stdout)

    @property
    def pid(self):
        return self._program.pid

    def end(self):
        self._program.end(signal.SIGKILL)  # nothing of it is kept


class Apiserver:
    issuer = "https://kubernetes.default.svc.cluster.local"

    def __init__(self, binary, workdir, authority, flags):
        self._binary, self._workdir = binary, workdir
        self._authority, self._flags = authority, flags
        self._program = None
        self._audit_log = workdir / "audit.log"
        self._audit_policy = workdir / "audit-policy.yaml"
        self._audit_policy.write_text(_AUDIT_POLICY)
        self._certificate = authority.server("kube-apiserver", [
            "IP:127.0.0.1", "IP:::1", "IP:10.96.0.1", "DNS:localhost",
            "DNS:kubernetes", "DNS:kubernetes.default",
            "DNS:kubernetes.default.svc",
            "DNS:kubernetes.default.svc.cluster.local"])
        self.token_key = workdir / "pki" / "service-accounts.key"
        openssl("genpkey", "-algorithm", "RSA", "-out", self.token_key)
        self._port = _Port()

    @property
    def port(self):
        return self._port.number

    @property
    def pid(self):
        return self._program.pid

    def start(self, etcd_url, rest):
        self._program = Program(
            [self._binary, "kube-apiserver", *self._arguments(etcd_url)],
            self._workdir / "kube-apiserver.log")
        try:
            self._wait_until_ready(rest, 120)
        except BaseException:
            self.end(signal.SIGKILL)
            raise

    def end(self, how):
        if self._program:
            self._program.end(how)
        self._program = None

    def send(self, which):
        self._program.send(which)

    @contextlib.contextmanager
    def at_another_port(self):
        usual, self._port = self._port, _Port()
        try:
            yield
        finally:
            self._port.release()
            self._port = usual

    def release(self):
        self._port.release()

    def audit_events(self):
        if not self._audit_log.exists():
            return []
        # A line that is being written has no end yet.
        lines = self._audit_log.read_bytes().split(b"\n")[:-1]
        return [json.loads(line) for line in lines]

    def _wait_until_ready(self, rest, seconds):
        deadline = time.monotonic() + seconds
        said = "nothing answered"
        while time.monotonic() < deadline:
            if not self._program.alive():
                raise self._program.failure("ended before it was ready")
            try:
                rest.request("GET", "/readyz", timeout=5)
                return
            except ApiError as error:
                said = error
            except OSError as error:
                said = error
            time.sleep(0.02)
        raise self._program.failure(f"not ready in {seconds} s ({said})")

    def _arguments(self, etcd_url):
        certificate, key = self._certificate
        flags = {
            "etcd-servers": etcd_url,
            "bind-address": "127.0.0.1",
            "secure-port": self.port,
            "permit-port-sharing": "true",  # see _Port
            # The address in kubernetes.default's EndpointSlice, which must
            # not be a loopback one.  Nothing connects to it.
            "advertise-address": "192.0.2.1",
            "service-cluster-ip-range": _SERVICE_RANGES,
            "tls-cert-file": certificate,
            "tls-private-key-file": key,
            "client-ca-file": self._authority.certificate,
            "authorization-mode": "RBAC",
            "service-account-issuer": self.issuer,
            "service-account-key-file": self.token_key,
            "service-account-signing-key-file": self.token_key,
            # Nobody makes the "default" accounts that it would wait for.
            "disable-admission-plugins": "ServiceAccount",
            # Compaction is what a test asks for, when it asks for it.
            "etcd-compaction-interval": "0",
            "audit-policy-file": self._audit_policy,
            "audit-log-path": self._audit_log,
            "cert-dir": self._workdir / "pki",
            **self._flags,
        }
        return [f"--{name}={value}" for name, value in flags.items()]


class _Port:
    """A free port that stays ours while no server listens on it: bound here,
    not listening, so that clients are refused and nobody else gets it."""

    def __init__(self):
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number = self._socket.getsockname()[1]

    def release(self):
        self._socket.close()


def start_namespaces(binary, workdir, kubeconfig):
    return Program([binary, "namespace-controller", kubeconfig],
                   workdir / "namespace-controller.log")
