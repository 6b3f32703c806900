"""DNS over TLS to a real resolver: Debian's unbound."""

import shutil
import subprocess

import pytest

from ask import ask, data, rcode
from canopy import BINARY, environment, run
from closed_port import ClosedPort
from until import PATIENCE, until

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
  tls-port: {port}
  tls-service-key: "{folder}/key.pem"
  tls-service-pem: "{folder}/certificate.pem"
  do-daemonize: no
  num-threads: 1
  local-zone: "example.com." static
  local-data: "www.example.com. 300 IN A 192.0.2.1"
remote-control:
  control-enable: no
"""


def free_port():
    place = ClosedPort()
    place.close()
    return place.port


@pytest.fixture(scope="module")
def upstream(tmp_path_factory):
    """The folder with the certificate, and the port."""
    folder = tmp_path_factory.mktemp("unbound-tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
         "2", "-subj", "/CN=dns.example", "-addext",
         "subjectAltName=DNS:dns.example,IP:127.0.0.1", "-keyout",
         folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port = free_port()
    (folder / "unbound.conf").write_text(
        CONFIGURATION.format(folder=folder, port=port))
    unbound = subprocess.Popen([UNBOUND, "-d", "-c", folder / "unbound.conf"],
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    yield folder, port
    unbound.terminate()
    unbound.wait()


@pytest.fixture
def served(tmp_path):
    """served(upstream's line, options): the port of a server that forwards
    there, and its log."""
    started = []

    def serve(to, *options):
        port = free_port()
        path = tmp_path / "Corefile"
        lines = "".join(f"        {option}\n" for option in options)
        path.write_text(f".:{port} {{\n    bind 127.0.0.1\n"
                        f"    forward . {to} {{\n{lines}    }}\n"
                        f"    cache\n}}\n")
        log = tmp_path / "canopydns.log"
        with open(log, "w") as output:
            started.append(subprocess.Popen(
                [BINARY, "-conf", path], stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, env=environment()))
        until(lambda: "listens on" in log.read_text(), log.read_text)
        return port, log
    yield serve
    for process in started:
        process.terminate()
    for process in started:
        process.wait(PATIENCE)


@pytest.mark.parametrize("name", ["", "tls_servername dns.example"],
                         ids=["by address", "by name"])
def test_answers_come_over_tls(upstream, served, name):
    folder, upstream_port = upstream
    port, log = served(f"tls://127.0.0.1:{upstream_port}",
                       f"tls {folder}/certificate.pem", *filter(None, [name]))
    until(lambda: data(ask(port, "www.example.com"), "A") == ["192.0.2.1"],
          log.read_text)
    assert rcode(ask(port, "gone.example.com")) == "NXDOMAIN"


def test_a_certificate_with_another_name_gets_no_query(upstream, served):
    folder, upstream_port = upstream
    port, log = served(f"tls://127.0.0.1:{upstream_port}",
                       f"tls {folder}/certificate.pem",
                       "tls_servername other.example")
    assert rcode(ask(port, "www.example.com")) == "SERVFAIL"
    assert "the TLS handshake failed: hostname mismatch" in log.read_text()


@pytest.mark.parametrize("text, fault", [
    (None, "cannot be read"), ("", "is empty; give a PEM file"),
    ("no certificate", "give a PEM file")])
def test_files_without_certificates_are_refused(tmp_path, text, fault):
    authorities = tmp_path / "ca.pem"
    if text is not None:
        authorities.write_text(text)
    path = tmp_path / "Corefile"
    path.write_text(f".:53 {{\n    forward . tls://192.0.2.1 {{\n"
                    f"        tls {authorities}\n    }}\n}}\n")
    done = run("check", "-conf", path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Corefile:2: tls: " in done.stderr and fault in done.stderr
