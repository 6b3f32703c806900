"""Checks kubectl_table.py against a real kubectl and API server: what they
refuse and accept.  test_manifest_text.py checks our server with the same
rows."""

import subprocess

import pytest

from kube_apiserver import ApiError
from kubectl_table import REFUSED, ROWS, TAKEN, TWICE

pytestmark = pytest.mark.apiserver


def kubectl_says(cluster, folder, row):
    path = folder / row.name
    path.write_bytes(row.octets)
    try:
        cluster.kubectl("create", "--dry-run=server", "-f", path)
        return TAKEN
    except subprocess.CalledProcessError:
        return REFUSED


def test_kubectl(cluster, tmp_path):
    wrong = [f"{name}: {said}" for name, row in ROWS.items()
             if (said := kubectl_says(cluster, tmp_path, row)) != row.kubectl]
    assert not wrong
    print(f"{len(ROWS)} manifests, each as kubectl_table.py has it")


@pytest.mark.parametrize("row", TWICE.values(), ids=TWICE.keys())
def test_the_api_server_refuses_a_key_that_stands_twice(cluster, row):
    """kubectl sends only the last one; this test sends the original text."""
    with pytest.raises(ApiError) as refused:
        cluster.api("POST", "/api/v1/namespaces/default/services"
                    "?dryRun=All&fieldValidation=Strict",
                    row.octets.decode(),
                    "application/json" if row.name.endswith("json")
                    else "application/yaml")
    assert "strict decoding error" in str(refused.value), refused.value


def test_what_kubectl_reads(cluster, tmp_path):
    """Where two readings are possible, kubectl has the same one as we."""
    def read(name, path):
        file = tmp_path / "in.yaml"
        file.write_bytes(ROWS[name].octets)
        return cluster.kubectl("create", "--dry-run=server", "-f", file, "-o",
                               f"jsonpath={path}")

    notes = "{.metadata.annotations}"
    assert read("a merge", notes) == '{"a":"b","c":"d"}'
    assert read("a merge and more", notes) == '{"a":"e","c":"d"}'
    assert read("a merge behind", notes) == '{"a":"b","c":"d"}'
    assert read("a merge of two", notes) == '{"a":"b","c":"d"}'
    assert read("two merges", notes) == '{"a":"b","c":"d","e":"f"}'
    flag = "{.spec.publishNotReadyAddresses}"
    for text, value in ("yes", "true"), ("on", "true"), ("y", "true"), (
            "no", ""), ("Off", ""), ("n", ""):
        assert read(f"publishNotReadyAddresses: {text}", flag) == value
    for text in "0x50", "0o120", "0120", "8_0":
        assert read(f"port: {text}", "{.spec.ports[0].port}") == "80"
