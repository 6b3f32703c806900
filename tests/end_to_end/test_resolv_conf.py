"""Upstreams from a resolv.conf.  They have port 53, so this happens in a
network namespace."""

import contextlib
import signal

import pytest

from canopy import run
from network_namespace import NetworkNamespace

LISTENERS = ["192.0.2.2", "192.0.2.3", "2001:db8::2"]


@pytest.fixture(scope="module")
def namespace():
    with NetworkNamespace() as made:
        for address in LISTENERS:
            made.add_address(address)
        made.add_address("fe80::53/64")
        yield made


@pytest.fixture
def outside(namespace):
    started = [namespace.upstream(address, 53, f"who.test. 0 IN A 198.51.100.{i}",
                                  f"only{i}.test. 0 IN A 198.51.100.{i}")
               for i, address in enumerate(LISTENERS)]
    yield started
    for one in started:
        one.close()


def canopy(namespace, tmp_path, text, *flags):
    path = tmp_path / "resolv.conf"
    path.write_text(text)
    (tmp_path / "manifests").mkdir()
    return namespace.canopy(tmp_path / "server", f"--resolv-conf={path}",
                            *flags, manifests=[tmp_path / "manifests"]), path


def ask(namespace, server, name):
    return namespace.short(server.port, name)


@pytest.mark.parametrize("text, number", [
    ("nameserver 192.0.2.2\n", 0),
    ("# a comment\n; another\n\nnameserver\t192.0.2.3   # why\nsearch a.test\n"
     "options ndots:5 timeout:1\n", 1),
    ("nameserver 2001:db8::2\n", 2),
    ("domain a.test\nnameserver 192.0.2.3", 1),
    ("nameserver 192.0.2.9\nnameserver 192.0.2.2\n", 0),
], ids=["one", "with comments and options", "IPv6", "domain", "two"])
def test_its_nameserver_is_asked(namespace, outside, tmp_path, text, number):
    server, _ = canopy(namespace, tmp_path, text)
    with server:
        assert ask(namespace, server, "who.test") == [f"198.51.100.{number}"]


def test_a_change_is_taken_up_on_sighup(namespace, outside, tmp_path):
    server, path = canopy(namespace, tmp_path, "nameserver 192.0.2.2\n")
    with server:
        assert ask(namespace, server, "who.test") == ["198.51.100.0"]
        path.write_text("nameserver 192.0.2.3\n")
        server.signal(signal.SIGHUP)
        server.until(
            lambda: ask(namespace, server, "who.test") == ["198.51.100.1"],
            "the other nameserver")


def test_a_change_is_taken_up_by_itself(namespace, outside, tmp_path):
    server, path = canopy(namespace, tmp_path, "nameserver 192.0.2.2\n")
    with server:
        assert ask(namespace, server, "who.test") == ["198.51.100.0"]
        path.write_text("nameserver 192.0.2.3\n")
        server.until(
            lambda: ask(namespace, server, "who.test") == ["198.51.100.1"],
            "the other nameserver")
        # An empty file does not remove the known upstreams.
        path.write_text("")
        server.until(lambda: server.log_lines("keeping the current upstreams"),
                     "a line about the empty file")
        assert ask(namespace, server, "who.test") == ["198.51.100.1"]


def test_a_config_dir_wins(namespace, outside, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "upstreamNameservers").write_text('["192.0.2.3"]')
    server, _ = canopy(namespace, tmp_path, "nameserver 192.0.2.2\n",
                       f"--config-dir={tmp_path / 'config'}")
    with server:
        assert ask(namespace, server, "who.test") == ["198.51.100.1"]


def test_without_nameservers_the_reason_is_said(namespace, tmp_path):
    server, path = canopy(namespace, tmp_path, "search a.test\n")
    with server:
        text = namespace.dig(server.port, "who.test")
        assert "SERVFAIL" in text and str(path) in text, text


@pytest.mark.parametrize("where", ["resolv.conf", "--nameservers"])
def test_a_link_local_upstream_with_its_zone(namespace, tmp_path, where):
    """Over UDP, and over TCP if the answer is truncated."""
    outside = namespace.upstream("fe80::53%lo", 53,
                                 "who.test. 0 IN A 198.51.100.9",
                                 *(f"big.test. 0 IN TXT \"{i} {'x' * 250}\""
                                   for i in range(20)))
    by_file = where == "resolv.conf"
    with contextlib.closing(outside):
        server, _ = canopy(
            namespace, tmp_path, "nameserver fe80::53%lo\n" if by_file else "",
            *([] if by_file else ["--nameservers=[fe80::53%lo]:53"]))
        with server:
            assert ask(namespace, server, "who.test") == ["198.51.100.9"]
            big = namespace.short(server.port, "big.test", "TXT", "+tcp")
            assert len(big) == 20


@pytest.mark.parametrize("server", ["fe80::53", "fe80::53%no-such"])
def test_a_link_local_upstream_without_a_zone_is_refused(server):
    done = run(f"--nameservers={server}")
    assert done.returncode == 2
    assert "link-local" in done.stderr
