"""A real recursive resolver as the upstream: Debian's unbound."""

import shutil
import subprocess

import dns.flags
import pytest

from ask import data, flags, rcode
from canopy import Canopy
from closed_port import ClosedPort
from until import until

UNBOUND = shutil.which("unbound", path="/usr/sbin:/usr/bin:/sbin:/bin")
pytestmark = pytest.mark.skipif(not UNBOUND, reason="unbound is not installed")

CONFIGURATION = """\
server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  logfile: "{folder}/unbound.log"
  use-syslog: no
  interface: 127.0.0.1@{port}
  do-daemonize: no
  do-not-query-localhost: no
  num-threads: 1
  local-zone: "example.com." static
  local-data: "www.example.com. 300 IN A 192.0.2.1"
  local-data: "www.example.com. 300 IN AAAA 2001:db8::1"
  local-data: "alias.example.com. 300 IN CNAME www.example.com."
  local-data: "example.com. 300 IN MX 10 mail.example.com."
  local-data: "example.com. 300 IN SOA a.test. b.test. 1 2 3 4 60"
  local-data-ptr: "192.0.2.1 300 www.example.com"
  local-zone: "refused.test." refuse
{many}
remote-control:
  control-enable: no
"""
MANY = "\n".join(f'  local-data: "many.example.com. 300 IN A 198.51.{i}.{j}"'
                 for i in range(10) for j in range(1, 41))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbound")
    place = ClosedPort()
    place.close()
    (folder / "unbound.conf").write_text(CONFIGURATION.format(
        folder=folder, port=place.port, many=MANY))
    (folder / "manifests").mkdir()
    unbound = subprocess.Popen(
        [UNBOUND, "-d", "-c", folder / "unbound.conf"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        with Canopy(folder, f"--nameservers=127.0.0.1:{place.port}",
                    manifests=[folder / "manifests"]) as running:
            def up():
                assert unbound.poll() is None, unbound.stderr.read()
                return running.data("www.example.com") == ["192.0.2.1"]
            until(up, "unbound to answer")
            yield running
    finally:
        unbound.terminate()
        unbound.wait()


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("name, rtype, found", [
    ("www.example.com", "A", ["192.0.2.1"]),
    ("www.example.com", "AAAA", ["2001:db8::1"]),
    ("example.com", "MX", ["10 mail.example.com."]),
    ("1.2.0.192.in-addr.arpa", "PTR", ["www.example.com."]),
    ("gone.example.com", "A", "NXDOMAIN"),
    ("www.example.com", "TXT", "NOERROR"),
    ("a.refused.test", "A", "REFUSED"),
])
def test_names(server, name, rtype, found, tcp):
    for _ in range(2):
        assert server.data(name, rtype, tcp=tcp) == found


def test_400_addresses(server):
    for _ in range(2):
        assert "TC" in flags(server.ask("many.example.com", edns=True))
        assert len(server.data("many.example.com", tcp=True)) == 400


def test_do(server):
    reply = server.ask("www.example.com", do=True)
    assert (rcode(reply), data(reply)) == ("NOERROR", ["192.0.2.1"])
    assert reply.ednsflags & dns.flags.DO
