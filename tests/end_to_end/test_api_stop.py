"""SIGTERM while the API server hangs, and the limits that a credential plugin
inherits.  Neither test needs an API server."""

import json
import signal
import stat
import time

import pytest

from closed_port import SilentPort
from kube_apiserver.kubeconfig import write_kubeconfig

AT_ONCE = 4  # seconds: a connect may take five


@pytest.fixture
def silent():
    port = SilentPort()
    yield port
    port.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_sigterm_while_a_request_hangs(canopy, silent, scheme):
    """http: connected, waiting for the response.  https: waiting for the
    handshake."""
    server = canopy(f"--kube-master-url={scheme}://{silent.server}",
                    wait="listening")
    connections = [silent.accept() for _ in range(3)]
    start = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0
    assert time.monotonic() - start < AT_ONCE
    for connection in connections:
        connection.close()


def test_a_plugin_has_the_files_we_were_given(canopy, tmp_path):
    """We raise our own soft limit.  A program that closes each descriptor up to
    its limit would take long with that."""
    seen = tmp_path / "seen"
    plugin = tmp_path / "plugin"
    answer = {"apiVersion": "client.authentication.k8s.io/v1",
              "kind": "ExecCredential", "status": {"token": "t"}}
    plugin.write_text(f"#!/bin/sh\necho $(ulimit -Sn) $(ulimit -Hn) >{seen}.new"
                      f"\nmv {seen}.new {seen}\necho '{json.dumps(answer)}'\n")
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    config = write_kubeconfig(
        tmp_path / "kube.conf", "http://127.0.0.1:1", {}, {"exec": {
            "apiVersion": answer["apiVersion"], "command": str(plugin)}}, None)
    server = canopy(f"--kubeconfig={config}", wait="listening",
                    prefix=["prlimit", "--nofile=512:2048"])
    server.until(seen.exists, "the plugin to be run")
    assert seen.read_text().split() == ["512", "2048"]
    with open(f"/proc/{server.pid}/limits") as limits:
        ours = next(line for line in limits if line.startswith("Max open"))
    assert ours.split()[3:5] == ["2048", "2048"]
