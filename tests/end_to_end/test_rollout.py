"""A rolling restart loses no query.

Two replicas are behind a Service address that nftables translates, as
kube-proxy does.  They are replaced one by one, repeatedly, as deploy/ says:
first a new one starts (maxSurge 1), then an old one gets SIGTERM, and only
later the node learns that the old one is leaving.  CANOPYDNS_ROLLOUT_QUERIES
sets how many queries are sent over UDP (.ci/run: a million)."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading

from ask import question
from files import manifest
from kube_apiserver import objects
from network_namespace import NetworkNamespace

QUERIES = int(os.environ.get("CANOPYDNS_ROLLOUT_QUERIES", "40000"))
HERE = pathlib.Path(__file__).resolve().parent
SERVICE = "10.96.0.10"
PORTS = {"cache": 53, "zone": 10053}
NAME, ADDRESS = "web.shop.svc.cluster.local", "10.96.0.2"
SHOP = [objects.namespace("shop"),
        objects.service("shop", "web", clusterIP=ADDRESS)]


class Node:
    """The node's translation of the Service address to the replicas'
    addresses."""

    def __init__(self, namespace):
        self._namespace = namespace
        namespace.run("ip", "route", "add", "10.96.0.0/12", "dev", "lo")
        namespace.run("nft", "add table ip services")
        namespace.run("nft", "add chain ip services output { type nat hook "
                      "output priority -100; }")
        # A reused client port must not lead to the earlier replica.  kube-proxy
        # deletes such flows; here they expire.
        for timeout in "udp_timeout", "udp_timeout_stream":
            namespace.run("sh", "-c", "echo 2 >"
                          f"/proc/sys/net/netfilter/nf_conntrack_{timeout}")

    def translate_to(self, replicas):
        """Applies to new flows; flows that the kernel knows continue as
        before."""
        choice = ", ".join(f"{number} : {replica.address}"
                           for number, replica in enumerate(replicas))
        rule = (f"dnat to numgen random mod {len(replicas)} map {{ {choice} }}")
        self._namespace.run("nft", "; ".join(
            ["flush chain ip services output"] +
            [f"add rule ip services output ip daddr {SERVICE} "
             f"{protocol} dport {{ 53, 10053 }} {rule}"
             for protocol in ("udp", "tcp")]))


class Deployment:
    def __init__(self, namespace, node, folder):
        self._namespace, self._node, self._folder = namespace, node, folder
        self._manifests = folder / "shop.yaml"
        self._manifests.write_text(manifest(*SHOP))
        self._made = 0
        self.replaced = 0
        self.replicas, self._started = [], []
        for _ in range(2):
            self._add()
        node.translate_to(self.replicas)

    def _add(self):
        self._made += 1
        address = f"10.244.0.{self._made}"
        self._namespace.add_address(f"{address}/32")
        self.replicas.append(self._namespace.canopy(
            self._folder / address, "--grace-period=60s", "--quiet-period=4s",
            manifests=[self._manifests], address=address,
            ports=(53, 10053, 8080)))
        self._started.append(self.replicas[-1])

    def replace_the_oldest(self):
        self._add()
        self._node.translate_to(self.replicas)
        old = self.replicas.pop(0)
        old.signal(signal.SIGTERM)
        old.until(lambda: old.page("/readyz").status == 503, "draining")
        before = asked(old)
        old.until(lambda: asked(old) > before + 200, "the node to be late")
        self._node.translate_to(self.replicas)
        assert old.exit_code() == 0, old.log()
        self.replaced += 1

    def __enter__(self):
        return self

    def __exit__(self, kind, *exception):
        for replica in self._started:
            replica.stop(check=kind is None)


def asked(replica):
    """Over UDP, because an open TCP connection stays with its replica."""
    return replica.metrics().sum("canopydns_dns_queries_total", protocol="udp")


class Client:
    """Runs rollout_client.py until it is stopped."""

    def __init__(self, namespace, kind, tier):
        self._what = f"{kind}, {tier} tier"
        self._process = subprocess.Popen(
            [*namespace.prefix, sys.executable, HERE / "rollout_client.py",
             kind, SERVICE, str(PORTS[tier]),
             question(NAME).to_wire().hex(),
             socket.inet_aton(ADDRESS).hex()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._process.kill()
        self._process.wait()

    def counts(self):
        return self._what, json.loads(self._process.communicate()[0])


class Bursts(threading.Thread):
    """dnsperf queries the cache tier over UDP, for about a second from 50
    sockets, then from other sockets, until it has sent `queries`."""

    def __init__(self, namespace, folder, queries):
        super().__init__(daemon=True)
        self._names = folder / "names"
        self._names.write_text(f"{NAME} A\n")
        self._namespace = namespace
        self._left = queries
        # Slow enough that replicas can be replaced meanwhile.
        self._rate = min(20_000, queries // 20)
        self._counts = {"sent": 0, "answered": 0, "lost": []}
        self.start()

    def run(self):
        try:
            while self._left:
                self._burst(min(self._rate, self._left))
        except Exception as error:  # lest the test waits for ever
            self._counts["lost"].append(repr(error))

    def _burst(self, queries):
        text = self._namespace.run(
            "dnsperf", "-s", SERVICE, "-d", self._names, "-c", "50", "-n",
            queries, "-Q", self._rate, "-t", "10", "-W")
        sent, answered, lost = (
            int(re.search(rf"Queries {word}: +(\d+)", text)[1])
            for word in ("sent", "completed", "lost"))
        self._counts["sent"] += sent
        self._counts["answered"] += answered
        if lost or f"NOERROR {answered} " not in text:
            self._counts["lost"].append(text)
        self._left -= queries

    def counts(self):
        self.join()
        return "dnsperf, cache tier", self._counts


def test_no_question_is_lost(tmp_path):
    with contextlib.ExitStack() as started:
        namespace = started.enter_context(NetworkNamespace())
        deployment = started.enter_context(
            Deployment(namespace, Node(namespace), tmp_path))
        clients = [started.enter_context(Client(namespace, kind, tier))
                   for kind in ("udp", "tcp", "kept") for tier in PORTS]
        bursts = Bursts(namespace, tmp_path, QUERIES)
        while bursts.is_alive() or deployment.replaced < 2:
            deployment.replace_the_oldest()
        counts = [one.counts() for one in (bursts, *clients)]
    print(f"{deployment.replaced} replicas were replaced")
    for what, count in counts:
        print(f"{what}: {count['sent']} asked, {count['answered']} answered, "
              f"{len(count['lost'])} lost"
              + (f", {count['closed']} connections closed on the way"
                 if count.get("closed") else ""))
    for what, count in counts:
        assert not count["lost"], what
        assert count["sent"] == count["answered"] > 0, what
    assert sum(count["sent"] for _, count in counts) >= QUERIES
