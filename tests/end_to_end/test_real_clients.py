"""Real resolvers look up names with 1 to 1,000 addresses, inside the cluster
and outside, and find each name.  Resolvers with TCP find each address.  musl
before 1.2.4 and busybox support neither TCP nor EDNS, and find the addresses
that fit into 512 octets (RFC 2181 9: a part of an RRset, with TC)."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from files import manifest
from kube_apiserver import objects
from network_namespace import NetworkNamespace

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
COUNTS = [1, 28, 29, 40, 100, 1000]
RESOLV_CONF = """\
search shop.svc.cluster.local svc.cluster.local cluster.local
nameserver 127.0.0.1
options ndots:5
"""


def v4(count):
    return [f"10.245.{i // 200}.{i % 200 + 1}" for i in range(count)]


def v6(count):
    return [f"fd00:10:245::{i + 1:x}" for i in range(count)]


def services():
    yield objects.namespace("shop")
    for count in COUNTS:
        for name, slices in (f"v4-{count}", [v4]), (f"dual-{count}", [v4, v6]):
            yield objects.service("shop", name, clusterIP="None")
            for make in slices:
                yield objects.endpoint_slice(
                    "shop", name, make(count), name=f"{name}-{make.__name__}",
                    family="IPv6" if make is v6 else "IPv4")


def outside_records():
    for count in COUNTS:
        for address in v4(count):
            yield f"v4-{count}.example.com. 60 IN A {address}"
            yield f"dual-{count}.example.com. 60 IN A {address}"
        for address in v6(count):
            yield f"dual-{count}.example.com. 60 IN AAAA {address}"


@pytest.fixture(scope="module")
def namespace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients")
    (folder / "objects.yaml").write_text(manifest(*services()))
    with NetworkNamespace() as made:
        made.add_address("192.0.2.2")
        made.add_address("2001:db8::2")  # AI_ADDRCONFIG: IPv6 is of use
        made.replace_file("/etc/resolv.conf", RESOLV_CONF, folder)
        made.replace_file("/etc/nsswitch.conf", "hosts: files dns\n", folder)
        outside = made.upstream("192.0.2.2", 53, *outside_records())
        with made.canopy(folder, "--nameservers=192.0.2.2",
                         manifests=[folder / "objects.yaml"],
                         ports=(53, 0, 0)):
            yield made
        outside.close()


def compiled(folder, compiler, source, *libraries):
    """Returns the words that start it.  `compiler` is the command up to
    "-o"."""
    if not shutil.which(compiler[0]):
        pytest.skip(f"no {compiler[0]} here")
    program = folder / "lookup"
    subprocess.run([*compiler, "-o", program, CLIENTS / source, *libraries],
                   check=True, env={**os.environ, "CGO_ENABLED": "0",
                                    "GO111MODULE": "off",
                                    "GOTOOLCHAIN": "local"})
    return [program]


def go():
    return [shutil.which("go") or "go", "build"]


# The command, and whether it retries over TCP.  musl does since 1.2.4.
RESOLVERS = {
    "glibc": (lambda folder: compiled(folder, ["cc"], "lookup.c"), True),
    "musl": (lambda folder: compiled(
        folder, ["musl-gcc", "-static"], "lookup.c"), False),
    "busybox": (lambda _: ["sh", CLIENTS / "busybox.sh"], False),
    "Go": (lambda folder: compiled(folder, go(), "lookup.go"), True),
    "c-ares": (lambda folder: compiled(folder, ["cc"], "cares.c", "-lcares"),
               True),
    "dnspython": (lambda _: [sys.executable, CLIENTS / "lookup.py"], True),
}


# The largest number of addresses it returns, of both families (musl's
# MAXADDRS).
MOST = {"musl": 48}


def expected(kind, count, wanted, knows_tcp, most):
    """Returns the addresses to find, and how many: without TCP, those that
    fit."""
    families = [(v4(count), 28)] if wanted != "6" else []
    if kind == "dual" and wanted != "4":
        families.append((v6(count), 16))
    parts = [(set(addresses), count if knows_tcp else min(count, fitting))
             for addresses, fitting in families]
    if len(parts) * count <= most:
        return parts
    return [(set().union(*(addresses for addresses, _ in parts)),
             min(most, sum(least for _, least in parts)))]


def addresses_found(namespace, *words):
    """Returns None if the lookup fails."""
    done = subprocess.run([*namespace.prefix, *map(str, words)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("resolver", RESOLVERS)
def test_each_name_is_found(namespace, tmp_path, resolver):
    start, knows_tcp = RESOLVERS[resolver]
    words = start(tmp_path)
    lookups, failures = 0, []
    for domain in "shop.svc.cluster.local", "example.com":
        for count in COUNTS:
            for kind, wanted in ("v4", "4"), ("dual", "4"), ("dual", "6"), (
                    "dual", "any"):
                name = f"{kind}-{count}.{domain}"
                lookups += 1
                found = addresses_found(namespace, *words, name, wanted)
                for addresses, least in expected(
                        kind, count, wanted, knows_tcp,
                        MOST.get(resolver, 2 * max(COUNTS))):
                    if len(addresses & found) < least:
                        failures.append((name, wanted, len(addresses & found),
                                         least))
    print(f"{resolver}: {lookups} lookups, {len(failures)} failures")
    assert not failures
