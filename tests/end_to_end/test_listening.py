"""The addresses it listens on, and the source addresses of its answers."""

import pytest

import canopy as binary
from ask import ask, data
from files import manifest
from kube_apiserver import objects
from network_namespace import NetworkNamespace

NAME = "web.shop.svc.cluster.local"
SHOP = [objects.namespace("shop"),
        objects.service("shop", "web", clusterIP="10.96.0.2")]


def test_the_addresses_that_were_named(serve):
    server = serve(*SHOP, flags=["--dns-bind-address=127.0.0.2,127.0.0.3"],
                   address="127.0.0.2")
    for address in "127.0.0.2", "127.0.0.3":
        for tcp in False, True:
            assert data(ask(server.port, NAME, tcp=tcp, address=address)) == [
                "10.96.0.2"]
    with pytest.raises(ConnectionRefusedError):
        ask(server.port, NAME, tcp=True)


def test_ipv6(serve):
    server = serve(*SHOP, address="::1")
    for tier in "cache", "zone":
        for tcp in False, True:
            assert server.data(NAME, tier=tier, tcp=tcp) == ["10.96.0.2"]


def test_all_addresses_and_answers_from_the_one_asked(tmp_path):
    """dig prints a warning if an answer comes from another address."""
    (tmp_path / "objects.yaml").write_text(manifest(*SHOP))
    addresses = ["127.0.0.1", "::1", "192.0.2.2", "192.0.2.3", "2001:db8::2",
                 "2001:db8::3"]
    with NetworkNamespace() as namespace:
        for address in addresses[2:]:
            namespace.add_address(address)
        with namespace.canopy(tmp_path / "server", address=None,
                              manifests=[tmp_path / "objects.yaml"]) as server:
            for address in addresses:
                for transport in "+notcp", "+tcp":
                    for port in server.port, server.zone_port:
                        assert namespace.short(
                            port, transport, NAME, address=address) == [
                                "10.96.0.2"]


@pytest.mark.parametrize("flag", ["--dns-port", "--zone-port",
                                  "--healthz-port"])
def test_a_port_that_is_taken(serve, manifest_file, flag):
    server = serve()
    taken = {"--dns-port": server.port, "--zone-port": server.zone_port,
             "--healthz-port": server.http_port}[flag]
    others = {"--dns-port", "--zone-port", "--healthz-port"} - {flag}
    done = binary.run(f"--manifests={manifest_file()}", f"{flag}={taken}",
                      "--dns-bind-address=127.0.0.1",
                      *(f"{other}=0" for other in others))
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert f":{taken}" in done.stderr and flag in done.stderr


def test_an_address_that_is_not_ours(manifest_file):
    done = binary.run(f"--manifests={manifest_file()}", "--dns-port=0",
                      "--zone-port=0", "--healthz-port=0",
                      "--dns-bind-address=192.0.2.1")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "192.0.2.1" in done.stderr and "--dns-bind-address" in done.stderr


def test_a_port_that_needs_a_capability(manifest_file):
    with NetworkNamespace() as namespace:
        done = binary.run(
            f"--manifests={manifest_file()}", "--zone-port=0",
            "--healthz-port=0", "--dns-bind-address=127.0.0.1",
            prefix=[*namespace.prefix, "unshare", "--user"])
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert ":53" in done.stderr and "NET_BIND_SERVICE" in done.stderr
