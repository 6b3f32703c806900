"""Manifests that change or become invalid while they are served."""

import json
import os
import shutil
import signal

from files import manifest, write_by_rename
from kube_apiserver import objects

SHOP = objects.namespace("shop")


def service(name, address):
    return objects.service("shop", name, clusterIP=address)


def name(service_name):
    return f"{service_name}.shop.svc.cluster.local"


def until_is(server, service_name, wanted):
    server.until(lambda: server.data(name(service_name)) == wanted,
                 f"{service_name} to be {wanted}")


def test_a_broken_file_keeps_its_last_good_state(canopy, tmp_path):
    folder = tmp_path / "manifests"
    folder.mkdir()
    one, two = folder / "one.yaml", folder / "two.yaml"
    write_by_rename(one, manifest(SHOP, service("a", "10.96.0.2")))
    write_by_rename(two, manifest(service("b", "10.96.0.3")))
    server = canopy(manifests=[folder])
    write_by_rename(one, "apiVersion: v1\nkind: [Service\n")
    server.until(lambda: server.log_lines(str(one)), "a complaint")
    complaint, = server.log_lines(str(one))
    assert f"{one}:" in complaint, complaint
    write_by_rename(two, manifest(service("b", "10.96.0.4")))
    until_is(server, "b", ["10.96.0.4"])
    assert server.data(name("a")) == ["10.96.0.2"]
    assert server.metrics().sum("canopydns_manifests_broken_files") == 1
    assert server.page("/readyz").status == 200
    write_by_rename(one, manifest(SHOP, service("a", "10.96.0.5")))
    until_is(server, "a", ["10.96.0.5"])
    server.until(lambda: server.metrics().sum(
        "canopydns_manifests_broken_files") == 0, "none to be broken")


def until_seen(server, folder, address):
    """Waits until all earlier changes in the folder have been processed."""
    (folder / "seen.yaml").write_text(manifest(service("seen", address)))
    until_is(server, "seen", [address])


def test_a_file_that_is_being_written_keeps_its_state(canopy, tmp_path):
    """`kubectl get -o yaml > a.yaml` truncates the file first and writes it
    later."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    path = folder / "a.yaml"
    path.write_text(manifest(SHOP, service("a", "10.96.0.2"),
                             service("b", "10.96.0.3")))
    server = canopy(manifests=[folder])

    def is_as_before():
        return (server.data(name("a")) == ["10.96.0.2"]
                and server.data(name("b")) == ["10.96.0.3"])
    with open(path, "w") as writer:
        until_seen(server, folder, "10.96.1.1")
        assert is_as_before()
        # The first document is valid YAML by itself.
        writer.write(f"---\n{manifest(service('a', '10.96.0.9'))}\n")
        writer.flush()
        until_seen(server, folder, "10.96.1.2")
        assert is_as_before()
        server.signal(signal.SIGHUP)
        until_seen(server, folder, "10.96.1.3")
        assert is_as_before()
        assert len(server.log_lines("a.yaml is being written")) == 1
        writer.write(f"---\n{manifest(service('b', '10.96.0.8'))}\n")
    until_is(server, "b", ["10.96.0.8"])
    assert server.data(name("a")) == ["10.96.0.9"]


def test_a_file_that_is_written_in_place_keeps_its_state(canopy, tmp_path):
    """rsync --inplace overwrites the file from its start."""
    path = tmp_path / "a.json"
    before = [SHOP, service("a", "10.96.0.2"), service("b", "10.96.0.3")]
    path.write_text("\n".join(map(json.dumps, before)))
    server = canopy(manifests=[tmp_path])
    after = json.dumps(service("b", "10.96.0.9"))
    with open(path, "r+") as writer:
        writer.write(after)
        writer.flush()
        os.ftruncate(writer.fileno(), len(after))
        until_seen(server, tmp_path, "10.96.1.1")
        assert server.data(name("a")) == ["10.96.0.2"]
        assert server.data(name("b")) == ["10.96.0.3"]
    until_is(server, "b", ["10.96.0.9"])
    assert server.data(name("a")) == "NXDOMAIN"


def test_an_emptied_file_keeps_its_state_until_it_is_removed(canopy, tmp_path):
    """The command that was to fill the file may have failed."""
    path = tmp_path / "a.yaml"
    path.write_text(manifest(SHOP, service("a", "10.96.0.2")))
    server = canopy(manifests=[tmp_path])
    path.write_text("")
    server.until(lambda: server.log_lines("a.yaml is empty"), "a line about it")
    assert server.data(name("a")) == ["10.96.0.2"]
    path.unlink()
    until_is(server, "a", "NXDOMAIN")


def test_a_malformed_object_stays_as_it_was(canopy, tmp_path):
    path = tmp_path / "manifests.yaml"
    path.write_text(manifest(SHOP, service("a", "10.96.0.2"),
                             service("b", "10.96.0.3")))
    server = canopy(manifests=[path])
    write_by_rename(path, manifest(SHOP, service("a", "10.96.0."),
                                   service("b", "10.96.0.4")))
    until_is(server, "b", ["10.96.0.4"])
    assert server.data(name("a")) == ["10.96.0.2"]
    complaint, = server.log_lines("10.96.0.\"")
    assert "shop/a" in complaint and str(path) in complaint


def test_files_and_folders_come_and_go(canopy, tmp_path):
    folder = tmp_path / "manifests"
    (folder / "deep").mkdir(parents=True)
    server = canopy(manifests=[folder])
    (folder / "a.yaml").write_text(manifest(SHOP, service("a", "10.96.0.2")))
    until_is(server, "a", ["10.96.0.2"])
    (folder / "b.json").write_text(manifest(service("b", "10.96.0.3")))
    until_is(server, "b", ["10.96.0.3"])
    (folder / "b.json").unlink()
    until_is(server, "b", "NXDOMAIN")
    (folder / "a.yaml").rename(folder / "c.yml")
    serial = server.serial()
    (folder / "d.yaml").write_text(manifest(service("d", "10.96.0.4")))
    until_is(server, "d", ["10.96.0.4"])
    assert server.data(name("a")) == ["10.96.0.2"]
    assert server.serial() != serial


def test_a_folder_that_is_replaced(canopy, tmp_path):
    folder, other = tmp_path / "manifests", tmp_path / "other"
    for path, address in (folder, "10.96.0.2"), (other, "10.96.0.3"):
        path.mkdir()
        (path / "a.yaml").write_text(manifest(SHOP, service("a", address)))
    server = canopy(manifests=[folder])
    assert server.data(name("a")) == ["10.96.0.2"]
    folder.rename(tmp_path / "old")
    other.rename(folder)
    until_is(server, "a", ["10.96.0.3"])
    shutil.rmtree(folder)


def test_several_sources_and_documents(canopy, tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two"
    two.mkdir()
    one.write_text("""\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata:
  name: a
  namespace: shop
spec:
  clusterIP: 10.96.0.2
  ports:
    - port: 80
---
""")
    (two / "b.yaml").write_text(manifest(service("b", "10.96.0.3")))
    server = canopy(manifests=[one, two])
    assert server.data(name("a")) == ["10.96.0.2"]
    assert server.data(name("b")) == ["10.96.0.3"]


def test_one_file_is_published_as_one(canopy, manifest_file):
    """If two Services swap their addresses in one file, no client sees only one
    change."""
    def swapped(turn):
        first, second = ("10.96.0.2", "10.96.0.3")[::1 if turn % 2 else -1]
        return [SHOP, service("a", first), service("b", second)]
    file = manifest_file(*swapped(0))
    server = canopy(manifests=[file])
    for turn in range(1, 21):
        serial = server.serial()
        file.set(*swapped(turn))
        server.until_serial_moves(serial)
        assert server.data(name("a")) != server.data(name("b"))
