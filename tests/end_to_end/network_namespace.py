"""A network namespace with its own /etc/resolv.conf and ports below 1024.  It
uses user namespaces, so it needs no root where the kernel allows that."""

import os
import pathlib
import subprocess
import sys

import pytest

import dig
from canopy import Canopy
from page import Metrics, Page

_OUTSIDE = ("ip", "netns", "exec", "outside")
_HERE = pathlib.Path(__file__).resolve().parent


class NetworkNamespace:
    """Ends when closed, or after the test.  Loopback is up."""

    def __init__(self):
        self._holder = subprocess.Popen(
            ["unshare", "--map-root-user", "--net", "--mount", "sh", "-c",
             "ip link set lo up && echo up && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        if self._holder.stdout.readline() != "up\n":
            why = self._holder.stderr.read().strip()
            self.close()
            pytest.skip(f"no network namespaces here: {why}")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self._holder.stdin.close()
        self._holder.wait()

    @property
    def prefix(self):
        """Returns the words before a command that run it inside."""
        return ["nsenter", f"--target={self._holder.pid}", "--user", "--net",
                "--mount", "--preserve-credentials",
                f"--wd={os.getcwd()}", "--"]

    def run(self, *words):
        """Returns the output of the command.  Raises if it fails."""
        return subprocess.run([*self.prefix, *map(str, words)], check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def add_address(self, address):
        self.run("ip", "address", "add", address, "dev", "lo", *(
            ["nodad"] if ":" in address else []))

    def add_outside(self, *addresses):
        """Makes a second namespace that has these addresses, and a route to
        it.  upstream(..., outside=True) runs there, so that its port may be
        one that is listened on here."""
        self.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        self.run("ip", "netns", "add", "outside")
        self.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name",
                 "net0", "netns", "outside")
        self.run("ip", "address", "add", "10.244.9.2/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self._outside("ip", "link", "set", "lo", "up")
        self._outside("ip", "address", "add", "10.244.9.1/24", "dev", "net0")
        self._outside("ip", "link", "set", "net0", "up")
        for address in addresses:
            self._outside("ip", "address", "add", address, "dev", "lo")
        self.run("ip", "route", "add", "default", "via", "10.244.9.1")

    def _outside(self, *words):
        self.run(*_OUTSIDE, *words)

    def replace_file(self, path, text, folder):
        """Gives `path` this content, inside only."""
        fresh = pathlib.Path(folder) / pathlib.Path(path).name
        fresh.write_text(text)
        self.run("mount", "--bind", fresh, path)

    def canopy(self, folder, *flags, wait="ready", **how):
        return _CanopyInside(folder, *flags, prefix=self.prefix, wait=wait,
                             **how)

    def upstream(self, address, port, *records, outside=False):
        prefix = [*self.prefix, *(_OUTSIDE if outside else ())]
        return _UpstreamInside(prefix, address, port, records)

    def dig(self, port, *words, address="127.0.0.1"):
        return dig.dig(port, *words, address=address, prefix=self.prefix)

    def short(self, port, *words, address="127.0.0.1"):
        return dig.short(port, *words, address=address, prefix=self.prefix)


class _CanopyInside(Canopy):
    """Its sockets cannot be reached from outside, so curl runs inside."""

    def __init__(self, folder, *flags, prefix, **how):
        self._prefix = prefix
        super().__init__(folder, *flags, prefix=prefix, **how)

    def page(self, path, **_how):
        done = subprocess.run(
            [*self._prefix, "curl", "-s", "-m", "20", "-w",
             "\n%{http_code}", f"http://{self.address}:{self.http_port}{path}"],
            stdout=subprocess.PIPE, text=True)
        body, _, status = done.stdout.rpartition("\n")
        page = Page.__new__(Page)
        page.status, page.body, page.headers = int(status or 0), body, {}
        return page

    def metrics(self):
        return Metrics(self.page("/metrics").body)


class _UpstreamInside:
    def __init__(self, prefix, address, port, records):
        self._process = subprocess.Popen(
            [*prefix, sys.executable, _HERE / "upstream.py", address,
             str(port), *records], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        assert line == "listens\n", f"the upstream at {address} did not start"

    def close(self):
        self._process.stdin.close()
        self._process.wait()
