"""Our identity towards the API server: rotating and expired tokens,
certificates, plugins, a pod's service account, rights."""

import json
import os

import pytest

from conftest import ACCOUNT, DEPLOY
from files import ConfigMapFolder
from kube_apiserver import ApiError, objects
from kube_apiserver.certificates import Authority
from until import until

pytestmark = pytest.mark.apiserver
KUBERNETES = "kubernetes.default.svc.cluster.local"


class ServiceAccountFolder:
    """A folder as the kubelet projects it: replaced as a whole when the token
    changes."""

    def __init__(self, cluster, path):
        self._cluster = cluster
        self.path = path
        self._folder = ConfigMapFolder(path, self._files("none yet"))

    def give(self, token):
        self._folder.swap(self._files(token))

    def _files(self, token):
        return {"token": token, "namespace": ACCOUNT[0],
                "ca.crt": self._cluster.ca_certificate.read_text()}


@pytest.fixture
def account(cluster, tmp_path):
    return ServiceAccountFolder(cluster, tmp_path / "serviceaccount")


def until_refused(cluster, token):
    def refused():
        try:
            cluster.api("GET", "/api/v1/services", token=token)
            return False
        except ApiError as error:
            return error.code == 401
    until(refused, "the token to expire", 60)


def until_follows(cluster, server, space, service):
    """Waits until a change arrives."""
    stored = cluster.apply(objects.service(space, service))
    server.until(lambda: server.data(
        f"{service}.{space}.svc.cluster.local") == [
            stored["spec"]["clusterIP"]], f"{service} to be served", 60)


@pytest.mark.slow
def test_a_token_that_rotates_in_time(cluster, space, account, canopy,
                                      tmp_path):
    first = cluster.token(*ACCOUNT, seconds=5)
    account.give(first)
    config = cluster.kubeconfig(tmp_path / "kube.conf",
                                token_file=account.path / "token")
    server = canopy(f"--kubeconfig={config}")
    account.give(cluster.token(*ACCOUNT))
    until_refused(cluster, first)
    cluster.kill_apiserver()  # so that it has to be asked again
    cluster.start_apiserver()
    until_follows(cluster, server, space, "web")
    assert "status 401" not in server.log()


@pytest.mark.slow
def test_a_token_that_expires(cluster, space, account, canopy, tmp_path):
    first = cluster.token(*ACCOUNT, seconds=5)
    account.give(first)
    config = cluster.kubeconfig(tmp_path / "kube.conf",
                                token_file=account.path / "token")
    server = canopy(f"--kubeconfig={config}")
    until_refused(cluster, first)
    cluster.kill_apiserver()
    cluster.start_apiserver()
    server.until(lambda: server.log_lines("status 401"), "a word about it", 40)
    assert first not in server.log()
    assert server.data(KUBERNETES) == ["10.96.0.1"]
    assert server.page("/readyz").status == 200
    account.give(cluster.token(*ACCOUNT))
    until_follows(cluster, server, space, "web")


def test_in_a_pod(cluster, space, account, canopy, tmp_path):
    """Puts the service account's files in their usual place, in a mount
    namespace."""
    account.give(cluster.token(*ACCOUNT))
    script = ('mount -t tmpfs tmpfs /run && mkdir -p "$0" && '
              'mount --bind "$1" "$0" && shift && exec "$@"')
    server = canopy(
        prefix=["unshare", "--map-root-user", "--mount", "sh", "-c", script,
                "/run/secrets/kubernetes.io/serviceaccount", account.path],
        env={"KUBERNETES_SERVICE_HOST": "127.0.0.1",
             "KUBERNETES_SERVICE_PORT": str(cluster.port)})
    assert server.data(KUBERNETES) == ["10.96.0.1"]
    until_follows(cluster, server, space, "web")


@pytest.mark.parametrize("inline", [True, False])
def test_a_client_certificate(cluster, space, canopy, tmp_path, inline):
    config = cluster.kubeconfig(tmp_path / "kube.conf", inline_data=inline,
                                client_certificate=cluster.admin)
    until_follows(cluster, canopy(f"--kubecfg-file={config}"), space, "web")


def test_a_plugin(cluster, space, canopy, tmp_path):
    answer = {"apiVersion": "client.authentication.k8s.io/v1",
              "kind": "ExecCredential",
              "status": {"token": cluster.token(*ACCOUNT)}}
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    plugin.chmod(0o755)
    config = cluster.kubeconfig(tmp_path / "kube.conf", user={"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(plugin), "interactiveMode": "Never"}})
    until_follows(cluster, canopy(f"--kubeconfig={config}"), space, "web")


def test_the_master_url_wins(cluster, space, canopy, tmp_path):
    config = cluster.kubeconfig(tmp_path / "kube.conf",
                                token=cluster.token(*ACCOUNT),
                                server="https://192.0.2.1:6443")
    server = canopy(f"--kubeconfig={config}",
                    f"--kube-master-url={cluster.url}")
    until_follows(cluster, server, space, "web")


def said(server, *words):
    """Returns the log lines about the failure, one per kind, while the server
    waits."""
    server.until(lambda: [line for line in server.log_lines("warning")
                          if all(word in line for word in words)],
                 f"a warning with {words}")
    assert server.page("/readyz").status == 503
    assert server.process.poll() is None


def test_another_ca(cluster, canopy, tmp_path):
    other = Authority(tmp_path / "other")
    config = cluster.kubeconfig(tmp_path / "kube.conf",
                                token=cluster.token(*ACCOUNT),
                                ca_certificate=other.certificate)
    said(canopy(f"--kubeconfig={config}", wait="listening"), cluster.url,
         "certificate")


def test_another_name(cluster, canopy, tmp_path):
    """127.0.0.2 is not in the server's certificate."""
    config = cluster.kubeconfig(
        tmp_path / "kube.conf", token=cluster.token(*ACCOUNT),
        server=f"https://other.localhost:{cluster.port}")
    server = canopy(f"--kubeconfig={config}", wait="listening")
    said(server, "other.localhost")


def test_a_token_that_is_none(cluster, canopy, tmp_path):
    config = cluster.kubeconfig(tmp_path / "kube.conf", token="secret-word")
    server = canopy(f"--kubeconfig={config}", wait="listening")
    said(server, "status 401")
    assert "secret-word" not in server.log()


def test_an_account_without_rights(cluster, canopy, tmp_path):
    cluster.apply(objects.service_account("default", "nobody"))
    config = cluster.kubeconfig(tmp_path / "kube.conf",
                                token=cluster.token("default", "nobody"))
    server = canopy(f"--kubeconfig={config}", wait="listening")
    said(server, "status 403", "services")


def test_verified_pods_need_more_rights(cluster, space, follow, tmp_path):
    server = follow("--pods=verified", wait="listening")
    said(server, "status 403", "pods")
    usual = cluster.api("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles"
                        "/canopydns")
    # The component of deploy/ that grants these rights.
    parts = {"resources": DEPLOY, "components": DEPLOY / "components" /
             "pods-verified"}
    (tmp_path / "kustomization.yaml").write_text("".join(
        f"{key}: [{os.path.relpath(path, tmp_path)}]\n"
        for key, path in parts.items()))
    try:
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k",
                        tmp_path)
        server.until_ready(60)
        pod = {"apiVersion": "v1", "kind": "Pod",
               "metadata": {"name": "one", "namespace": space}}
        cluster.apply({**pod, "spec": {"containers": [
            {"name": "main", "image": "none"}]}})
        cluster.set_status({**pod, "status": {
            "phase": "Running", "podIP": "10.244.11.1",
            "podIPs": [{"ip": "10.244.11.1"}]}})
        server.until(lambda: server.data(
            f"10-244-11-1.{space}.pod.cluster.local") == ["10.244.11.1"],
            "the pod's record")
        assert server.data(f"10-244-11-2.{space}.pod.cluster.local"
                           ) == "NXDOMAIN"
    finally:
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k",
                        DEPLOY)
        assert cluster.api(
            "GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/canopydns"
        )["rules"] == usual["rules"]
