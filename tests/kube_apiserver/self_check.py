"""Proves that the cluster is a real one.  `python3 cluster.py [BINARY]`."""

import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kube_apiserver import objects
from kube_apiserver.cluster import Cluster, built_binary
from kube_apiserver.rest import ApiError, Gone

_SERVICES = "/api/v1/namespaces/prod/services"


def main(arguments):
    binary = arguments[0] if arguments else built_binary()
    workdir = tempfile.mkdtemp(prefix="kube-apiserver-check-")
    run = _Run(workdir)
    with run.step("start etcd and the API server"):
        cluster = Cluster(workdir, binary)
    with cluster:
        for check in _CHECKS:
            with run.step(check.__doc__):
                check(cluster)
        with run.step("stop"):
            cluster.stop()
    with run.step("start without a watch cache"):
        uncached = Cluster(workdir + "/uncached", binary,
                           {"watch-cache": "false"})
    with uncached:
        with run.step(_compaction_alone_is_gone.__doc__):
            _compaction_alone_is_gone(uncached)
    shutil.rmtree(workdir)
    print(f"all {run.steps} steps passed in {run.seconds:.1f} s")
    return 0


class _Run:
    """Prints each step with its time."""

    def __init__(self, workdir):
        self._workdir = workdir
        self.steps, self.seconds = 0, 0.0

    def step(self, name):
        self._name = name
        return self

    def __enter__(self):
        self._start = time.monotonic()

    def __exit__(self, kind, error, trace):
        took = time.monotonic() - self._start
        self.steps += 1
        self.seconds += took
        print(f"{'ok  ' if kind is None else 'FAIL'} {took:7.3f} s  "
              f"{self._name}", flush=True)
        if kind is not None:
            print(f"the logs are in {self._workdir}")


def _expect(wanted, found):
    if wanted != found:
        raise AssertionError(f"wanted {wanted!r}, found {found!r}")


def _refused(code, ask):
    try:
        answer = ask()
    except ApiError as error:
        _expect(code, error.code)
        return
    raise AssertionError(f"wanted {code}, found {str(answer)[:200]}")


def _objects_are_stored(cluster):
    """apply a Namespace, Services, an EndpointSlice, RBAC"""
    cluster.apply(objects.namespace("prod"), objects.namespace("dns"))
    web = cluster.apply(objects.service("prod", "web"))
    _expect("10.96.", web["spec"]["clusterIP"][:6])
    both = cluster.apply(objects.service("prod", "both",
                                         ipFamilyPolicy="RequireDualStack"))
    _expect(["IPv4", "IPv6"], both["spec"]["ipFamilies"])
    cluster.apply([
        objects.endpoint_slice("prod", "web", ["192.0.2.7", "192.0.2.8"]),
        objects.service_account("dns", "canopydns"),
        objects.cluster_role(
            "canopydns", ("", "namespaces services pods", "list watch"),
            ("discovery.k8s.io", "endpointslices", "list watch")),
        objects.cluster_role_binding("canopydns", "dns", "canopydns")])


def _yaml_is_applied(cluster):
    """apply YAML text, set a status, delete"""
    pod, account = cluster.apply("""
apiVersion: v1
kind: Pod
metadata: {name: one, namespace: prod}
spec: {containers: [{name: main, image: none}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: spare, namespace: prod}
""")
    _expect("spare", account["metadata"]["name"])
    named = {"apiVersion": "v1", "kind": "Pod",
             "metadata": {"name": "one", "namespace": "prod"}}
    ready = cluster.set_status({**named, "status": {
        "phase": "Running", "podIP": "192.0.2.9",
        "podIPs": [{"ip": "192.0.2.9"}]}})
    _expect("192.0.2.9", ready["status"]["podIP"])
    _expect(True, cluster.exists(account))
    cluster.delete(account, account)
    _expect(False, cluster.exists(account))


def _bad_objects_are_refused(cluster):
    """a Service with an invalid name is refused"""
    _refused(422, lambda: cluster.apply(objects.service("prod", "No_Name")))


def _default_service(cluster):
    """the kubernetes Service has an address and an EndpointSlice"""
    found = cluster.api("GET", "/api/v1/namespaces/default/services/kubernetes")
    _expect("10.96.0.1", found["spec"]["clusterIP"])
    found = cluster.api("GET", "/apis/discovery.k8s.io/v1/namespaces/default"
                        "/endpointslices/kubernetes")
    _expect(["192.0.2.1"], found["endpoints"][0]["addresses"])


def _tokens_have_their_rights(cluster):
    """a token lists services, and is refused secrets"""
    token = cluster.token("dns", "canopydns")
    listed = cluster.api("GET", "/api/v1/services", token=token)
    names = {item["metadata"]["name"] for item in listed["items"]}
    _expect({"both", "kubernetes", "web"}, names)
    _refused(403, lambda: cluster.api("GET", "/api/v1/secrets", token=token))
    _refused(401, lambda: cluster.api("GET", _SERVICES, token="wrong"))


def _tokens_expire(cluster):
    """a token signed for less is accepted, an expired one refused"""
    listed = cluster.api("GET", _SERVICES,
                         token=cluster.token("dns", "canopydns", 30))
    _expect(2, len(listed["items"]))
    late = cluster.token("dns", "canopydns", -1)
    _refused(401, lambda: cluster.api("GET", _SERVICES, token=late))


def _certificates_have_their_rights(cluster):
    """a client certificate has the rights of its user"""
    stranger = cluster.authority.client("stranger")
    _refused(403, lambda: cluster.api("GET", _SERVICES,
                                      client_certificate=stranger))


def _kubeconfigs_work(cluster):
    """kubeconfigs with a token, a token file, a certificate"""
    folder = cluster.service_account_files(cluster.workdir / "pod", "dns",
                                           "canopydns")
    path = cluster.workdir / "check.conf"
    token = (folder / "token").read_text()
    for given in ({"token": token}, {"token_file": folder / "token"},
                  {"token": token, "inline_data": False},
                  {"client_certificate": cluster.admin},
                  {"client_certificate": cluster.admin, "inline_data": False},
                  {"user": {"tokenFile": str(folder / "token")}}):
        cluster.kubeconfig(path, namespace="prod", **given)
        done = subprocess.run(
            [cluster.binary, "kubectl", "--kubeconfig", path, "get", "services",
             "-o", "name"], stdout=subprocess.PIPE, check=True, text=True)
        _expect("service/both\nservice/web\n", done.stdout)


def _watches_see_changes(cluster):
    """a watch sees a Service come and go"""
    version = _version(cluster)
    watch = cluster.watch(_SERVICES, version)
    new = objects.service("prod", "new", clusterIP="None")
    cluster.apply(new)
    kind, seen = next(watch)
    _expect(("ADDED", "new"), (kind, seen["metadata"]["name"]))
    cluster.delete(new)
    _expect("DELETED", next(watch)[0])


def _namespaces_take_all_along(cluster):
    """delete a namespace: its contents go too"""
    cluster.apply(objects.namespace("old"), objects.service("old", "web"),
                  objects.endpoint_slice("old", "web", ["192.0.2.10"]))
    versions = {path: cluster.api("GET", path)["metadata"]["resourceVersion"]
                for path in ("/api/v1/services",
                             "/apis/discovery.k8s.io/v1/endpointslices")}
    cluster.delete_namespace("old")
    _refused(404, lambda: cluster.api("GET", "/api/v1/namespaces/old"))
    for path, version in versions.items():
        kind, seen = next(cluster.watch(path, version))
        _expect(("DELETED", "old"), (kind, seen["metadata"]["namespace"]))


def _a_killed_server_comes_back(cluster):
    """kill the API server, start it at the same port, with its objects"""
    port = cluster.port
    watch = cluster.watch(_SERVICES, _version(cluster))
    cluster.kill_apiserver()
    _expect([], list(watch))
    try:
        cluster.api("GET", _SERVICES)
        raise AssertionError("a killed server answers")
    except ConnectionRefusedError:
        pass
    cluster.start_apiserver()
    _expect(port, cluster.port)
    _expect(2, len(cluster.api("GET", _SERVICES)["items"]))


def _a_paused_server_hangs(cluster):
    """pause the API server: no answer; resume it: an answer"""
    cluster.pause_apiserver()
    try:
        cluster._rest.request("GET", _SERVICES, timeout=0.5)
        raise AssertionError("a paused server answers")
    except TimeoutError:
        pass
    finally:
        cluster.resume_apiserver()
    _expect(2, len(cluster.api("GET", _SERVICES)["items"]))


def _old_versions_are_gone(cluster):
    """after expire_watches() a watch from before is 410 Gone"""
    version = _version(cluster)
    page = cluster.api("GET", _SERVICES + "?limit=1")["metadata"]["continue"]
    cluster.apply(objects.service("prod", "later"))
    cluster.expire_watches()
    _expect_gone(cluster, version)
    _refused(410, lambda: cluster.api(
        "GET", f"{_SERVICES}?limit=1&continue={page}"))


def _unseen_changes_need_a_list(cluster):
    """changes nobody saw: 410 Gone, and the list has them"""
    version = _version(cluster)
    with cluster.unseen():
        cluster.apply(objects.service("prod", "unseen"))
        cluster.delete(objects.service("prod", "later"))
    _expect_gone(cluster, version)
    names = {item["metadata"]["name"]
             for item in cluster.api("GET", _SERVICES)["items"]}
    _expect({"both", "unseen", "web"}, names)


def _requests_are_on_record(cluster):
    """the audit log knows who asked for what"""
    asked = cluster.requests("system:serviceaccount:dns:canopydns")
    codes = {(event["verb"], event["objectRef"]["resource"],
              event["responseStatus"]["code"])
             for event in asked if "objectRef" in event}
    wanted = {("list", "services", 200), ("list", "secrets", 403)}
    _expect(wanted, wanted & codes)


def _nothing_outlives_a_killed_test(cluster):
    """kill a test: all programs of its cluster end"""
    test = subprocess.Popen(
        [sys.executable, "-c",
         "import sys; sys.path.insert(0, sys.argv[1])\n"
         "from kube_apiserver import Cluster\n"
         "cluster = Cluster(*sys.argv[2:4])\n"
         "print(*cluster.pids, flush=True)\n"
         "sys.stdin.read()", Path(__file__).parent.parent,
         cluster.workdir / "killed", cluster.binary],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with test:
        pids = [int(pid) for pid in test.stdout.readline().split()]
        _expect(3, len(pids))
        handles = [os.pidfd_open(pid) for pid in pids]
        test.kill()
    for pid, handle in zip(pids, handles):
        ended, _, _ = select.select([handle], [], [], 10)
        os.close(handle)
        if not ended:
            raise AssertionError(f"process {pid} outlived its test by 10 s")


def _compaction_alone_is_gone(cluster):
    """without a watch cache compact() alone makes a watch 410 Gone"""
    cluster.apply(objects.namespace("prod"))
    version = _version(cluster)
    cluster.apply(objects.service("prod", "web"))
    _expect("ADDED", next(cluster.watch(_SERVICES, version))[0])
    cluster.compact()
    _expect_gone(cluster, version)


def _version(cluster):
    return cluster.api("GET", _SERVICES)["metadata"]["resourceVersion"]


def _expect_gone(cluster, version):
    try:
        found = next(cluster.watch(_SERVICES, version, timeout=5), None)
    except Gone:
        return
    raise AssertionError(f"wanted 410 Gone, found {found}")


_CHECKS = [
    _objects_are_stored, _yaml_is_applied, _bad_objects_are_refused,
    _default_service, _tokens_have_their_rights, _tokens_expire,
    _certificates_have_their_rights, _kubeconfigs_work, _watches_see_changes,
    _namespaces_take_all_along, _a_killed_server_comes_back,
    _a_paused_server_hangs, _old_versions_are_gone, _unseen_changes_need_a_list,
    _requests_are_on_record, _nothing_outlives_a_killed_test]
