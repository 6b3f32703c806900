"""Manifests as users write them: each row of kubectl_table.py, and manifests
from a pipe."""

import os
import subprocess
import threading

import pytest

from canopy import BINARY, run
from files import manifest
from kube_apiserver import objects
from kubectl_table import ROWS, SERVICE, SLICE, TAKEN

FREE = ["--dns-bind-address=127.0.0.1", "--dns-port=0", "--zone-port=0",
        "--healthz-port=0"]


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_rows(tmp_path, row):
    path = tmp_path / row.name
    path.write_bytes(row.octets)
    done = run("check", f"--manifests={path}", *FREE)
    if row.ours == TAKEN:
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith(f"canopydns: {path}:"), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    for word in row.words:
        assert word in done.stderr, (word, done.stderr)


def test_truth_values_of_yaml_1_1(canopy, tmp_path):
    headless = SERVICE.replace("10.96.0.77", "None")
    manifests = []
    for name, value in ("early", "yes"), ("late", "Off"):
        manifests.append(tmp_path / f"{name}.yaml")
        manifests[-1].write_text(
            (headless + f"  publishNotReadyAddresses: {value}\n---\n"
             + SLICE.replace("READY", "n")).replace("web", name))
    server = canopy(manifests=manifests)
    assert server.data("early.default.svc.cluster.local") == ["10.0.0.1"]
    assert server.data("late.default.svc.cluster.local") == "NXDOMAIN"


def test_merge_keys_are_served(canopy, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("""\
apiVersion: v1
kind: List
items:
- &web
  apiVersion: v1
  kind: Service
  metadata: {name: web, namespace: a}
  spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}
- <<: *web
  metadata: {name: db, namespace: a}
""")
    server = canopy(manifests=[path])
    for name in "web", "db":
        assert server.data(f"{name}.a.svc.cluster.local") == ["10.96.0.7"]


def test_patches_are_passed_over(canopy, tmp_path):
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "a.yaml").write_text(SERVICE)
    (folder / "patch.yaml").write_text("- op: remove\n  path: /spec/x\n")
    (folder / "patch.json").write_text('[{"op": "remove", "path": "/x"}]')
    (folder / "values.yaml").write_text("a: 1\na: 2\n")
    server = canopy(manifests=[folder])
    assert server.data("web.default.svc.cluster.local") == ["10.96.0.77"]
    for name in "patch.yaml", "patch.json", "values.yaml":
        assert len(server.log_lines(f"{name}: ignoring documents without a kind")) == 1


# --- pipes ----------------------------------------------------------------

WEB = manifest(objects.service("a", "web", clusterIP="10.96.0.2"))


@pytest.mark.parametrize("text", [WEB, SERVICE], ids=["JSON", "YAML"])
@pytest.mark.parametrize("path", ["/dev/stdin", "/dev/fd/0"])
def test_standard_input(text, path):
    done = subprocess.run([BINARY, "check", f"--manifests={path}", *FREE],
                          input=text, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    assert "1 Service (1 ClusterIP" in done.stdout


def test_a_pipe_is_read_once(canopy, tmp_path):
    fifo, file = tmp_path / "fifo", tmp_path / "b.yaml"
    os.mkfifo(fifo)
    file.write_text(manifest(objects.service("a", "b", clusterIP="10.96.0.3")))
    writer = threading.Thread(target=fifo.write_text, args=[WEB])
    writer.start()
    server = canopy(manifests=[fifo, file])
    writer.join()
    assert server.data("web.a.svc.cluster.local") == ["10.96.0.2"]
    file.write_text(manifest(objects.service("a", "b", clusterIP="10.96.0.4")))
    server.until(lambda: server.data("b.a.svc.cluster.local") == ["10.96.0.4"],
                 "the other file to be read")
    assert server.data("web.a.svc.cluster.local") == ["10.96.0.2"]
    assert server.metrics().sum("canopydns_manifests_broken_files") == 0


def test_a_broken_pipe_is_one_line(tmp_path):
    done = subprocess.run([BINARY, "check", "--manifests=/dev/stdin", *FREE],
                          input="kind: [Service\n", capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("canopydns: /dev/stdin:"), done.stderr


def test_an_external_name_with_a_port(canopy, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(manifest(objects.service(
        "a", "ext", type="ExternalName", externalName="host:8080")))
    server = canopy(manifests=[path])
    warning, = server.log_lines("host:8080")
    assert "a/ext" in warning, warning
