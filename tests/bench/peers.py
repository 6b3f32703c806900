"""Servers that know no Kubernetes, given the cluster as each can hold it: nsd
has it as a zone; unbound, dnsdist and dnsmasq cache what that nsd says, and
forward other names to the upstream.  One thread each."""

import pathlib
import re
import shutil
import subprocess
from dataclasses import dataclass

from servers import Server, free_port

# name of the program: (the Debian package, what prints its version)
PROGRAMS = {"nsd": ("nsd", "-v"), "unbound": ("unbound", "-V"),
            "dnsdist": ("dnsdist", "--version"),
            "dnsmasq": ("dnsmasq-base", "--version")}
_SBIN = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"

_NSD = """server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd-{port}.pid"
  xfrdfile: "{folder}/xfrd-{port}"
  zonelistfile: "{folder}/zonelist-{port}"
  cookie-secret-file: ""
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: cluster.local
  zonefile: cluster.zone
"""

_UNBOUND = """server:
  num-threads: 1
  interface: 127.0.0.1
  port: {port}
  do-daemonize: no
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: "/dev/null"
  module-config: "iterator"
  do-not-query-localhost: no
  incoming-num-tcp: 100
  msg-cache-size: 64m
  rrset-cache-size: 128m
remote-control:
  control-enable: no
forward-zone:
  name: cluster.local.
  forward-addr: 127.0.0.1@{authority}
forward-zone:
  name: .
  forward-addr: 127.0.0.1@{upstream}
"""

_DNSDIST = """setLocal('127.0.0.1:{port}')
setACL({{'127.0.0.0/8'}})
setSecurityPollSuffix('')
newServer({{address='127.0.0.1:{authority}', pool='cluster'}}):setUp()
newServer({{address='127.0.0.1:{upstream}'}}):setUp()
addAction('cluster.local.', PoolAction('cluster'))
getPool('cluster'):setCache(newPacketCache(20000, {{maxTTL=300}}))
"""


@dataclass(frozen=True)
class Folder:
    """Where the peers' configurations are, and whom they ask."""
    path: pathlib.Path
    authority: int
    upstream: int

    def write(self, name, template):
        port = free_port()
        file = self.path / f"{name}-{port}.conf"
        file.write_text(template.format(
            port=port, folder=self.path, authority=self.authority,
            upstream=self.upstream))
        return port, file


def program(name):
    return shutil.which(name) or shutil.which(name, path=_SBIN)


def missing():
    """Names and reasons of the peers that are not here."""
    return [f"{name}: not on PATH, and not in Debian's package {package}; "
            f"apt-get install {package}"
            for name, (package, _) in PROGRAMS.items() if not program(name)]


def versions():
    """As in 'nsd 4.6.1', of those that are here."""
    for name, (_, flag) in PROGRAMS.items():
        if path := program(name):
            said = subprocess.run([path, flag], capture_output=True,
                                  text=True, timeout=10)
            found = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
            yield f"{name} {found[0] if found else 'of unknown version'}"


def write_zone(folder, cluster):
    """The cluster as a master file."""
    lines = ["$ORIGIN cluster.local.", "$TTL 300",
             "@ SOA ns hostmaster 1 7200 1800 86400 300", "@ NS ns",
             "ns A 127.0.0.1"]
    lines += [f"{service.domain_name} A {address}"
              for service in cluster.services
              for address in sorted(service.answer)]
    (pathlib.Path(folder) / "cluster.zone").write_text("\n".join(lines) + "\n")


def nsd(folder):
    port, file = folder.write("nsd", _NSD)
    return Server("nsd", [program("nsd"), "-d", "-c", file], port)


def unbound(folder):
    port, file = folder.write("unbound", _UNBOUND)
    return Server("unbound", [program("unbound"), "-d", "-c", file], port)


def dnsdist(folder):
    port, file = folder.write("dnsdist", _DNSDIST)
    return Server("dnsdist", [program("dnsdist"), "-C", file, "--supervised",
                              "--disable-syslog"], port)


def dnsmasq(folder):
    port = free_port()
    return Server("dnsmasq", [
        program("dnsmasq"), "-k", "--conf-file=/dev/null", "--user=root",
        "--pid-file=", "--no-resolv", "--no-hosts", "--no-poll",
        "--listen-address=127.0.0.1", "--bind-interfaces", f"--port={port}",
        "--cache-size=10000", "--dns-forward-max=1500",
        "--log-facility=/dev/null",
        f"--server=/cluster.local/127.0.0.1#{folder.authority}",
        f"--server=127.0.0.1#{folder.upstream}"], port)


def all_here(folder):
    for name, make in (("nsd", nsd), ("unbound", unbound),
                       ("dnsdist", dnsdist), ("dnsmasq", dnsmasq)):
        if program(name):
            yield make(folder)
