"""What the process stands on: its log, its files, its threads, its memory of
earlier."""

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import pathlib
import struct
import subprocess
import threading
import time

import pytest

import wire
from attack import Attack, flood
from frozen_thread import FrozenThread, threads
from program import Program, words


class FullPipe(Attack):
    name = "6"
    what = ("stderr is a pipe that nobody reads, with --log-queries, 2,000 "
            "questions a second")
    flags = ("--log-queries",)

    def log(self, place):
        ours, its = os.pipe()
        place.stack.callback(os.close, ours)
        place.stack.callback(os.close, its)
        with contextlib.suppress(OSError):
            fcntl.fcntl(its, fcntl.F_SETPIPE_SZ, 4096)
        return its

    def attack(self, target):
        made = wire.question("cart.shop.svc.cluster.local")
        return flood(target, 2000, lambda number: wire.numbered(made, number))


def _remove(path):
    with contextlib.suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()


def _huge(path):
    with open(path, "w") as file:
        file.truncate(1 << 30)


_FORMS = {
    "folder": pathlib.Path.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to(path),
    "huge": _huge,
    "socket": lambda path: os.mknod(path, 0o140600),
    "garbage": lambda path: path.write_bytes(bytes(range(256)) * 1000),
    "gone": lambda path: None,
    "fifo": os.mkfifo,
}


class StrangeFiles(Attack):
    """A FIFO is the last; it stays until the end."""

    name = "8a"
    what = ("files of --config-dir and a manifest become " +
            ", ".join(_FORMS))
    files = ("config/stubDomains", "config/upstreamNameservers",
             "manifests/more.json")

    def prepare(self, place):
        self._folder = place.folder
        for name in ("config", "manifests"):
            (place.folder / name).mkdir()
        for file, text in (("config/stubDomains", {}),
                           ("config/upstreamNameservers", [place.upstream]),
                           ("manifests/more.json", {
                               "apiVersion": "v1", "kind": "List",
                               "items": []})):
            (place.folder / file).write_text(json.dumps(text))
        return [f"--config-dir={place.folder}/config",
                f"--manifests={place.folder}/manifests"]

    def meanwhile(self, server, seconds):
        for make in _FORMS.values():
            for file in self.files:
                path = self._folder / file
                _remove(path)
                make(path)
            time.sleep(seconds / len(_FORMS))


class StrangeResolvConf(StrangeFiles):
    name = "8b"
    what = "as 8a, resolv.conf"
    files = ("resolv.conf",)
    needs_namespace = True
    resolver_at = ("127.0.0.53", 53)

    def upstream_flags(self, place):
        (place.folder / "resolv.conf").write_text("nameserver 127.0.0.53\n")
        return [f"--resolv-conf={place.folder}/resolv.conf"]

    def prepare(self, place):
        self._folder = place.folder
        return []


class FrozenWorker(Attack):
    name = "12"
    what = ("one of four workers is frozen: /healthz says so, a watchdog ends "
            "the process")
    workers = 4
    seconds = 10
    judges_honest = judges_health = judges_memory = False
    ends_meanwhile = True

    def prepare(self, place):
        self._said, self._ended = None, False
        text = subprocess.run([place.binary, "--help"], capture_output=True,
                              text=True, timeout=10).stdout
        return ["--probe-period=200ms"] + (
            ["--watchdog=5s"] if "--watchdog" in text else [])

    def meanwhile(self, server, seconds):
        try:
            with FrozenThread(threads(server.pid, "canopy-worker")[1]) as one:
                self._watch(server, one, seconds)
        except pytest.skip.Exception as error:
            raise RuntimeError(str(error)) from error

    def _watch(self, server, frozen, seconds):
        last = time.monotonic() + seconds
        while time.monotonic() < last and not self._ended:
            with contextlib.suppress(OSError, http.client.HTTPException):
                page = server.page("/healthz", 1)
                if page.status != 200 and "worker 2" in page.body:
                    self._said = page.body.strip()
            time.sleep(0.1)
            self._ended = frozen.has_ended()

    def faults(self, server):
        said = [] if self._said else ["/healthz does not name the worker"]
        return said + ([] if self._ended else ["no watchdog ended it"])


class ForgedSnapshot(Attack):
    """What an earlier process left is made into a file of 7 MiB, whole by its
    digest, with an object that claims to have as many endpoints as octets."""

    name = "13c"
    what = "a forged snapshot of 7 MiB at the start, the API server is away"
    serves_example = False
    seconds = 2

    def prepare(self, place):
        api = place.stack.enter_context(Program("api_program.py"))
        path = place.folder / "snapshot"
        flags = [f"--kube-master-url={api.line()}", f"--snapshot-file={path}"]
        self._write(place, path, flags)
        path.write_bytes(_forged(path.read_bytes()))
        api.tell("away")  # so that the snapshot is read
        threading.Timer(3, api.tell, ["back"]).start()
        return flags

    @staticmethod
    def _write(place, path, flags):
        started = subprocess.Popen(
            words(place.binary, "serve", "--dns-bind-address=127.0.0.1",
                  "--dns-port=0", "--zone-port=off", "--healthz-port=0",
                  "--grace-period=0s", "--nameservers=127.0.0.1:9", *flags),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        last = time.monotonic() + 20
        while not path.exists() and time.monotonic() < last:
            time.sleep(0.05)
        started.terminate()
        started.wait(10)


def _count(value):
    made = bytearray()
    while value >= 0x80:
        made.append(0x80 | value & 0x7F)
        value >>= 7
    return bytes([*made, value])


def _text(octets):
    return _count(len(octets)) + octets


def _forged(snapshot):
    """kubewatch/objects/snapshot.h and packed_object.cc say how it is laid out."""
    size = 7 << 20
    slice_of = _text(b"x") + struct.pack("d", 0) + _count(0) + _count(size)
    slice_of += bytes(size)
    space = (b"\1" + _text(b"lab2") + b"\0" + _count(0) + _count(1) +
             _text(b"x") + _text(slice_of) + _count(0))
    octets = snapshot[:-33] + space + b"\0"  # its end, and the digest
    return octets + hashlib.sha256(octets).digest()


_CONFIG_MAP = ("apiVersion: v1\nkind: ConfigMap\n"
               "metadata: {name: a, namespace: lab}\ndata:\n")


def _aliases():
    lines = ["  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"  a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]"
              for i in range(1, 9)]
    return _CONFIG_MAP + "\n".join(lines) + "\n"


def _brackets():
    return _CONFIG_MAP + "  a: " + "[" * (4 << 20) + "]" * (4 << 20) + "\n"


def _documents():
    return "---\n{}\n" * (1 << 20)


class HostileManifest(Attack):
    """It appears, and changes each second."""

    def __init__(self, name, what, text):
        self.name, self._text = name, text
        self.what = f"a manifest of {what}"

    def prepare(self, place):
        self._folder = place.folder / "manifests"
        self._folder.mkdir()
        (self._folder / "more.yaml").write_text(
            "apiVersion: v1\nkind: List\nitems: []\n")
        return [f"--manifests={self._folder}"]

    def meanwhile(self, server, seconds):
        text, last = self._text(), time.monotonic() + seconds
        fresh = self._folder.parent / "fresh"
        while time.monotonic() < last:
            text += "# changed\n"
            fresh.write_text(text)
            fresh.rename(self._folder / "more.yaml")
            time.sleep(1)


ATTACKS = [FullPipe(), StrangeFiles(), StrangeResolvConf(), FrozenWorker()]
MORE = [ForgedSnapshot(),
        HostileManifest("13d", "YAML aliases that stand for 10^9 values",
                        _aliases),
        HostileManifest("13e", "8 MiB of brackets", _brackets),
        HostileManifest("13f", "a million documents", _documents)]
