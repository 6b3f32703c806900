"""The servers that are measured: how each is started."""

import pathlib
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Server:
    label: str
    command: list
    port: int


def free_port():
    """Free for UDP and TCP a moment ago."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            stream.bind(("127.0.0.1", 0))
            port = stream.getsockname()[1]
            try:
                datagram.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def canopydns(binary, label, source, upstream=None):
    """`source` is the flag that says where the cluster is."""
    port = free_port()
    return Server(label, [
        binary, "serve", source, "--dns-bind-address=127.0.0.1",
        f"--dns-port={port}", f"--zone-port={free_port()}",
        f"--healthz-port={free_port()}", "--workers=1", "--grace-period=0s",
        f"--nameservers=127.0.0.1:{upstream or free_port()}"], port)


# As kubeadm writes it, without the plugins that do no work here.
_COREFILE = """.:{port} {{
  bind 127.0.0.1
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {{
    endpoint {api}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 30
  }}
  forward . 127.0.0.1:{upstream}
  cache 30 {cache}
  loadbalance
}}
"""
_CLUSTER_UNCACHED = """{
    disable success cluster.local
    disable denial cluster.local
  }"""


def coredns(binary, folder, api, cached, upstream=None):
    """`cached`: names of the cluster too, as before Kubernetes 1.31."""
    port = free_port()
    name = "CoreDNS, caching" if cached else "CoreDNS"
    corefile = pathlib.Path(folder) / f"Corefile-{port}"
    corefile.write_text(_COREFILE.format(
        port=port, api=api, upstream=upstream or free_port(),
        cache="" if cached else _CLUSTER_UNCACHED))
    return Server(name, [binary, "-conf", corefile], port)


def kube_dns(binary, api):
    """The kubedns container, without the dnsmasq in front of it."""
    port = free_port()
    return Server("kubedns", [
        binary, f"--kube-master-url={api}", "--dns-bind-address=127.0.0.1",
        f"--dns-port={port}", f"--healthz-port={free_port()}",
        "--domain=cluster.local.", f"--nameservers=127.0.0.1:{free_port()}",
        "--v=0"], port)


def find_peer(given, name):
    """The path of a peer's binary, or None."""
    path = shutil.which(name)
    if given and not pathlib.Path(given).is_file():
        raise SystemExit(f"{name}: there is no file {given}; build one with "
                         "'go install' or leave the flag out")
    return pathlib.Path(given).resolve() if given else path


def version_of(binary, flag):
    done = subprocess.run([binary, flag], capture_output=True, text=True,
                          timeout=10)
    found = re.search(r"\d+\.\d+\.\d+\S*", done.stdout + done.stderr)
    return found[0] if found else "of unknown version"
