"""Unusual things in place of a file: a folder, a FIFO, a device, a socket, a
file without end or without permission.  At the start the result is one line and
exit code 2.  Later it is one line, and the earlier data stays."""

import os
import signal
import socket

import pytest

from canopy import run
from files import manifest
from kube_apiserver import objects
from kube_apiserver.kubeconfig import write_kubeconfig

HOLE = 1 << 40  # octets, none of them on the disk


def put_folder(path):
    path.mkdir()


def put_fifo(path):
    os.mkfifo(path)


def put_socket(path):
    """Binds inside the folder, because a socket's path must be short."""
    before = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


def put_device(path):
    path.symlink_to("/dev/zero")


def put_endless(path):
    with open(path, "wb") as file:
        os.truncate(file.fileno(), HOLE)


def put_loop(path):
    path.symlink_to(path.name)


ODDITIES = {
    "folder": (put_folder, "is a folder"),
    "FIFO": (put_fifo, "is a FIFO"),
    "socket": (put_socket, "is a socket"),
    "device": (put_device, "is a device"),
    "endless": (put_endless, "is larger than"),
    "loop": (put_loop, "cannot be read"),
}


def remove(path):
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def put(odd, path):
    remove(path)
    ODDITIES[odd][0](path)


class Place:
    """The place of a file: its contents when valid, and the flags that read
    it."""

    def __init__(self, name, good, flags):
        self.name, self.good, self._flags = name, good, flags

    def flags(self, path):
        return self._flags(path)


def with_user(**user):
    def flags(path):
        config = path.parent / "kube.conf"
        if not config.exists():
            named = {key: str(path) for key in user}
            write_kubeconfig(config, "http://127.0.0.1:1", {}, named, None)
        return [f"--kubeconfig={config}"]
    return flags


def with_authority(path):
    config = path.parent / "kube.conf"
    if not config.exists():
        write_kubeconfig(config, "https://127.0.0.1:1",
                         {"certificate-authority": str(path)}, {}, None)
    return [f"--kubeconfig={config}"]


def with_manifests(*flags):
    def all_flags(path):
        folder = path.parent / "manifests"
        folder.mkdir(exist_ok=True)
        (folder / "a.yaml").write_text(manifest(
            objects.namespace("a"),
            objects.service("a", "web", clusterIP="10.96.0.2")))
        return [f"--manifests={folder}",
                *(flag.format(path=path, folder=path.parent)
                  for flag in flags)]
    return all_flags


PLACES = {
    "resolv.conf": Place("resolv.conf", "nameserver 192.0.2.1\n",
                         with_manifests("--resolv-conf={path}")),
    "upstreamNameservers": Place("upstreamNameservers", '["192.0.2.1"]',
                                 with_manifests("--config-dir={folder}",
                                                "--nameservers=192.0.2.9")),
    "stubDomains": Place("stubDomains", '{"corp.test": ["192.0.2.1"]}',
                         with_manifests("--config-dir={folder}",
                                        "--nameservers=192.0.2.9")),
    "YAML": Place("web.yaml", manifest(objects.namespace("b")),
                  with_manifests("--manifests={path}")),
    "JSON": Place("web.json", manifest(objects.namespace("b")),
                  with_manifests("--manifests={path}")),
    "kubeconfig": Place("config", "", lambda path: [f"--kubeconfig={path}"]),
    "token": Place("token", "t", with_user(tokenFile=None)),
    "authority": Place("ca.crt", "", with_authority),
    "snapshot": Place("snapshot", "", lambda path: [
        "--kube-master-url=http://127.0.0.1:1", f"--snapshot-file={path}"]),
}
# An unreadable snapshot is replaced; a folder is valid for --manifests.
NO_FAULT = {("snapshot", "endless"), ("snapshot", "loop"), ("YAML", "folder"),
            ("JSON", "folder")}
FREE = ["--dns-bind-address=127.0.0.1", "--dns-port=0", "--zone-port=0",
        "--healthz-port=0"]


def refused(done, *words):
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("canopydns: "), done.stderr
    for word in words:
        assert word in done.stderr, (word, done.stderr)


@pytest.mark.parametrize("odd", ODDITIES)
@pytest.mark.parametrize("place", PLACES)
def test_at_the_start(tmp_path, place, odd):
    if (place, odd) in NO_FAULT:
        pytest.skip("no fault")
    path = tmp_path / PLACES[place].name
    put(odd, path)
    done = run("serve", *PLACES[place].flags(path), *FREE)
    word = ODDITIES[odd][1]
    if (place, odd) in [("YAML", "loop"), ("JSON", "loop")]:
        word = "oo many"  # levels of symbolic links
    refused(done, str(path), word)


RELOADED = ["resolv.conf", "upstreamNameservers", "stubDomains", "YAML", "JSON"]


@pytest.mark.parametrize("place", RELOADED)
def test_later(canopy, tmp_path, place):
    """One after another.  Each causes one log line and changes no answer."""
    path = tmp_path / PLACES[place].name
    path.write_text(PLACES[place].good)
    server = canopy(*PLACES[place].flags(path))
    for odd, (_, word) in ODDITIES.items():
        if (place, odd) in NO_FAULT:
            continue
        put(odd, path)
        server.signal(signal.SIGHUP)

        def is_told():
            return [line for line in server.log_lines(path.name)
                    if word in line or (odd == "loop" and "no longer" in line)]
        server.until(is_told, f"a line about the {odd}")
        assert len(is_told()) == 1, server.log()
        assert server.data("web.a.svc.cluster.local") == ["10.96.0.2"]
    remove(path)
    path.write_text(PLACES[place].good)
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0


@pytest.mark.parametrize("odd", ["folder", "FIFO", "device", "endless"])
def test_a_token_later(canopy, tmp_path, odd):
    place = PLACES["token"]
    path = tmp_path / place.name
    path.write_text(place.good)
    server = canopy(*place.flags(path), wait="listening")
    put(odd, path)
    server.signal(signal.SIGHUP)
    server.until(lambda: any(ODDITIES[odd][1] in line
                             for line in server.log_lines(str(path))),
                 "a line about the token")
    assert server.ask("web.a.svc.cluster.local").rcode() == 2  # no data yet
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0


def as_nobody():
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def open_for_all(path):
    """Lets all users into pytest's folders, which only their owner may
    enter."""
    for folder in [path, *path.parents]:
        if folder.owner() == path.owner() and folder.name.startswith(
                ("pytest-", "popen-", path.name)):
            folder.chmod(0o755)


@pytest.mark.parametrize("place", ["resolv.conf", "stubDomains", "YAML", "JSON",
                                   "token", "authority"])
def test_without_permission(tmp_path, place):
    path = tmp_path / PLACES[place].name
    path.write_text(PLACES[place].good)
    flags = PLACES[place].flags(path)
    for file in tmp_path.rglob("*"):
        file.chmod(0o755)
    path.chmod(0)
    open_for_all(tmp_path)
    refused(run("serve", *flags, *FREE, prefix=as_nobody()), str(path),
            "Permission denied")


def test_a_folder_without_permission_keeps_its_objects(canopy, tmp_path):
    flags = with_manifests()(tmp_path / "file")
    folder = tmp_path / "manifests"
    open_for_all(tmp_path)
    server = canopy(*flags, prefix=as_nobody())
    folder.chmod(0)
    try:
        server.signal(signal.SIGHUP)
        server.until(lambda: server.log_lines("Permission denied"),
                     "a line about it")
        assert server.data("web.a.svc.cluster.local") == ["10.96.0.2"]
    finally:
        folder.chmod(0o755)


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_folder_within_keeps_its_objects(canopy, tmp_path, mode):
    """The folder cannot be listed, or its files cannot be looked up."""
    flags = with_manifests()(tmp_path / "file")
    folder = tmp_path / "manifests"
    inner = folder / "inner" / "deep"
    inner.mkdir(parents=True)
    (inner / "b.yaml").write_text(manifest(
        objects.service("a", "deep", clusterIP="10.96.0.3")))
    open_for_all(tmp_path)
    server = canopy(*flags, prefix=as_nobody())
    assert server.data("deep.a.svc.cluster.local") == ["10.96.0.3"]
    (folder / "inner").chmod(mode)
    try:
        server.signal(signal.SIGHUP)
        server.until(lambda: server.log_lines("Permission denied"),
                     "a line about it")
        # Readable files are served meanwhile.
        (folder / "a.yaml").write_text(manifest(
            objects.service("a", "web", clusterIP="10.96.0.4")))
        server.until(lambda: server.data("web.a.svc.cluster.local")
                     == ["10.96.0.4"], "the new address")
        assert server.data("deep.a.svc.cluster.local") == ["10.96.0.3"]
    finally:
        (folder / "inner").chmod(0o755)
    (inner / "b.yaml").write_text(manifest(
        objects.service("a", "deep", clusterIP="10.96.0.5")))
    server.until(lambda: server.data("deep.a.svc.cluster.local")
                 == ["10.96.0.5"], "the folder to be read again")


@pytest.mark.parametrize("at", ["manifests", "manifests/inner"])
@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_an_unreadable_folder_at_the_start(tmp_path, at, mode):
    flags = with_manifests()(tmp_path / "file")
    inner = tmp_path / "manifests" / "inner"
    (inner / "deep").mkdir(parents=True)
    open_for_all(tmp_path)
    (tmp_path / at).chmod(mode)
    try:
        refused(run("serve", *flags, *FREE, prefix=as_nobody()),
                str(tmp_path / at), "Permission denied")
    finally:
        (tmp_path / at).chmod(0o755)
