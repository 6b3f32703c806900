"""A real, small Kubernetes cluster on loopback: etcd, kube-apiserver and the
namespace controller.  No nodes, no other controller: Pods never start and
EndpointSlices are what the test writes.

    with Cluster(workdir) as cluster:
        cluster.apply(objects.namespace("prod"), objects.service("prod", "web"))
        cluster.kubeconfig(path, token=cluster.token("dns", "canopydns"))

Run as a program it checks itself: /usr/bin/python3 cluster.py [BINARY]
"""

import contextlib
import pathlib
import signal
import ssl
import subprocess
import sys
import tempfile
import time

# Two lines that let the folder be a program and a package both.
_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent))

from kube_apiserver import tokens
from kube_apiserver.certificates import Authority
from kube_apiserver.control_plane import Apiserver, Etcd, start_namespaces
from kube_apiserver.kubeconfig import inline, write_kubeconfig
from kube_apiserver.manifests import Manifests
from kube_apiserver.rest import NotFound, Rest


def built_binary(folder=None):
    """Builds the binary unless that is done already.  Minutes, or 0.1 s."""
    done = subprocess.run([_HERE / "build.sh", *([folder] if folder else [])],
                          stdout=subprocess.PIPE, check=True, text=True)
    return pathlib.Path(done.stdout.splitlines()[-1])


class Cluster:
    """Running once constructed.  `workdir` gets keys, data and logs; None is
    a new temporary folder.  `apiserver_flags` are added to kube-apiserver's
    own, without dashes: {"watch-cache": "false", "v": 3}.

    Not for two threads at once, except api(), watch() and apply()."""

    def __init__(self, workdir=None, binary=None, apiserver_flags=None):
        self.workdir = pathlib.Path(
            workdir or tempfile.mkdtemp(prefix="kube-apiserver-")).resolve()
        self.workdir.mkdir(parents=True, exist_ok=True)
        self.binary = pathlib.Path(binary or built_binary()).resolve()
        self.authority = Authority(self.workdir / "pki")
        self.admin = self.authority.client("admin", ["system:masters"])
        self._manifests = Manifests(self.api, self.kubectl)
        self._rest = self._etcd = self._namespaces = None
        self._apiserver = Apiserver(self.binary, self.workdir, self.authority,
                                    apiserver_flags or {})
        self._find_admin()
        try:
            self._etcd = Etcd(self.binary, self.workdir)
            self.start_apiserver()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    # Where it is, for a client.

    @property
    def port(self):
        """Stays the same while the API server is down, and after."""
        return self._apiserver.port

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    @property
    def pids(self):
        """Of what runs now."""
        running = self._etcd, self._apiserver, self._namespaces
        return [program.pid for program in running if program]

    @property
    def ca_certificate(self):
        return self.authority.certificate

    def kubeconfig(self, path, token=None, token_file=None,
                   client_certificate=None, user=None, inline_data=True,
                   server=None, ca_certificate=None, namespace=None):
        """Writes a kubeconfig for one of: a token, a token file, a client
        (certificate, key), or `user`, a dict with the fields of a kubeconfig's
        user (exec, tokenFile and token together, ...).  With none of them it
        is for the administrator.  Returns the path."""
        if user is None:
            user = {"token": token, "tokenFile": token_file and str(token_file)}
            if not token and not token_file:
                user = _files(inline_data, zip(
                    ("client-certificate", "client-key"),
                    client_certificate or self.admin))
        trust = _files(inline_data, [
            ("certificate-authority", ca_certificate or self.ca_certificate)])
        return write_kubeconfig(path, server or self.url, trust, user,
                                namespace)

    def service_account_files(self, folder, namespace, account, seconds=3600):
        """The three files a pod finds in its service account's folder."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "token").write_text(self.token(namespace, account, seconds))
        (folder / "ca.crt").write_bytes(self.ca_certificate.read_bytes())
        (folder / "namespace").write_text(namespace)
        return folder

    # Objects.

    def api(self, method, path, body=None, content_type=None, token=None,
            client_certificate=None):
        """One request, as the administrator unless a token or a client
        (certificate, key) is given.  Returns the answer, raises ApiError."""
        rest = self._rest
        if token or client_certificate:
            rest = self._client(client_certificate, token)
        return rest.request(method, path, body, content_type)

    def watch(self, path, resource_version=None, timeout=30, bookmarks=False,
              token=None):
        """Yields (type, object); ends after `timeout` silent seconds, or when
        the server ends the watch.  Raises Gone for a version too old."""
        rest = self._client(None, token) if token else self._rest
        return rest.watch(path, resource_version, timeout, bookmarks)

    def apply(self, *manifests):
        """Creates or changes objects (server-side apply).  A manifest is a
        dict, a list of them, YAML text, or a pathlib.Path of a file or folder.
        Returns the stored objects, just the one if there is only one."""
        stored = [found for manifest in manifests
                  for found in self._manifests.apply(manifest)]
        return stored[0] if len(stored) == 1 else stored

    def set_status(self, manifest):
        """Writes `status` of an object that exists, as a controller does: a
        Pod's podIP, a Service's load balancer."""
        return self._manifests.set_status(manifest)

    def delete(self, *manifests):
        """Deletes objects; gone already is fine."""
        for manifest in manifests:
            with contextlib.suppress(NotFound):
                self.api("DELETE", self.path_of(manifest))

    def exists(self, manifest):
        try:
            self.api("GET", self.path_of(manifest))
            return True
        except NotFound:
            return False

    def path_of(self, manifest):
        """The URL path of a manifest's object."""
        return self._manifests.path_of(manifest)

    def delete_namespace(self, name, seconds=90):
        """Deletes a namespace and waits until it and all it held are gone,
        which takes 5 seconds at least: the controller's own grace."""
        path = f"/api/v1/namespaces/{name}"
        self.api("DELETE", path)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            listed = self.api("GET", "/api/v1/namespaces?fieldSelector="
                              f"metadata.name={name}")
            if not listed["items"]:
                return
            version = listed["metadata"]["resourceVersion"]
            for _ in self.watch(
                    f"/api/v1/namespaces?fieldSelector=metadata.name={name}",
                    version, timeout=max(1, deadline - time.monotonic())):
                break  # it changed: look again
        raise TimeoutError(f"namespace {name} is still there after {seconds} s;"
                           f" see {self.workdir}/namespace-controller.log")

    def kubectl(self, *args, data=None):
        """Runs kubectl as the administrator, `data` on its stdin.  Returns
        its stdout; raises CalledProcessError, with its stderr in `stderr`."""
        return subprocess.run(
            [self.binary, "kubectl", "--kubeconfig", self._admin_kubeconfig,
             "--cache-dir", self.workdir / "kubectl-cache", *map(str, args)],
            input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, check=True).stdout

    # Credentials.

    def token(self, namespace, service_account, seconds=3600):
        """A service account's token.  Kubernetes gives none for less than 600
        seconds; for less it is signed here with the server's key, and refused
        after `seconds` (10 more if the server had accepted it before)."""
        if seconds >= 600:
            return tokens.requested_token(self.api, namespace, service_account,
                                          seconds)
        account = self.api("GET", f"/api/v1/namespaces/{namespace}"
                           f"/serviceaccounts/{service_account}")
        return tokens.signed_token(self._apiserver.token_key,
                                   self._apiserver.issuer, account, seconds)

    # The API server's life.

    def start_apiserver(self):
        """Starts it (again), at the same port, and waits until it is ready."""
        self._apiserver.start(self._etcd.url, self._rest)
        self._namespaces = start_namespaces(self.binary, self.workdir,
                                            self._admin_kubeconfig)

    def kill_apiserver(self, how=signal.SIGKILL):
        """Connections to it are reset or refused from here on.  SIGTERM lets
        it end its watches in order."""
        if self._namespaces:
            self._namespaces.end(signal.SIGKILL)
        self._namespaces = None
        self._apiserver.end(how)

    def pause_apiserver(self):
        """It hangs: connections stay open, nothing is answered."""
        self._apiserver.send(signal.SIGSTOP)

    def resume_apiserver(self):
        self._apiserver.send(signal.SIGCONT)

    @contextlib.contextmanager
    def unseen(self):
        """Changes made within happen while clients of `port` cannot connect,
        and their resource versions are compacted: on their return each watch
        is told 410 Gone and has to list again."""
        self.kill_apiserver()
        try:
            with self._apiserver.at_another_port():
                self._find_admin()
                self.start_apiserver()
                yield self
                self.compact()
                self.kill_apiserver()
        finally:
            self.kill_apiserver()
            self._find_admin()
            self.start_apiserver()

    def expire_watches(self):
        """Compacts and restarts: every resource version from before is 410
        Gone for a watch or a list's next page."""
        self.kill_apiserver()
        self.compact()
        self.start_apiserver()

    def compact(self):
        """Forgets etcd's past.  The API server's own watch cache may still
        know it, unless {"watch-cache": "false"}; see expire_watches()."""
        return self._etcd.compact()

    def requests(self, user=None):
        """What the API server was asked so far, as audit events (verb,
        requestURI, userAgent, user, responseStatus, stage), oldest first.
        `user` is a name such as system:serviceaccount:dns:canopydns."""
        return [event for event in self._apiserver.audit_events()
                if user in (None, event["user"].get("username"))]

    def stop(self):
        """Ends everything; the workdir stays."""
        self.kill_apiserver()
        self._rest.close()
        self._apiserver.release()
        if self._etcd:
            self._etcd.end()

    # Below: how.

    def _find_admin(self):
        if self._rest:
            self._rest.close()
        self._rest = self._client(self.admin, keep=True)
        self._admin_kubeconfig = self.kubeconfig(self.workdir / "admin.conf")

    def _client(self, client_certificate, token=None, keep=False):
        tls = ssl.create_default_context(cafile=str(self.ca_certificate))
        if client_certificate:
            tls.load_cert_chain(*map(str, client_certificate))
        return Rest("127.0.0.1", self.port, tls, token, keep)


def _files(inline_data, named):
    if inline_data:
        return {f"{name}-data": inline(path) for name, path in named}
    return {name: str(path) for name, path in named}


if __name__ == "__main__":
    from kube_apiserver.self_check import main
    sys.exit(main(sys.argv[1:]))
