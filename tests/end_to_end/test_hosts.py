"""The directive hosts of a Corefile: hosts files and entries of the Corefile
are served, and a changed file is served without a restart."""

import pytest

from corefile import CorefileServer
from files import (ConfigMapFolder, manifest, write_by_rename, write_in_place)
from kube_apiserver import objects
from network_namespace import NetworkNamespace

UPSTREAM = "192.0.2.53"
WEB = "web.shop.svc.cluster.local"
NODES = "192.168.7.11 server-1\n192.168.7.12 agent-1 agent-1.lan\n"
BLOCK = """\
.:53 {{
    health {{
        lameduck 0s
    }}
    hosts {file} {{
        # the office
        192.168.30.5   vault.corp.example vault
        2001:db8:30::5 vault.corp.example
        ttl 120
        {fallthrough}
    }}
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }}
    prometheus :9153
    forward . {upstream}
    cache 300
}}
"""


@pytest.fixture
def inside():
    with NetworkNamespace() as made:
        made.add_outside(f"{UPSTREAM}/32")
        upstream = made.upstream(
            UPSTREAM, 53, "www.example.com. 300 IN A 198.51.100.7",
            "9.8.51.198.in-addr.arpa. 600 IN PTR www.example.com.",
            outside=True)
        yield made
        upstream.close()


@pytest.fixture
def serve(inside, tmp_path):
    """serve(folder): a server with the folder's Corefile."""
    cluster = tmp_path / "cluster.json"
    cluster.write_text(manifest(
        objects.namespace("shop"),
        objects.service("shop", "web", clusterIP="10.96.10.1")))
    started = []

    def start(folder):
        server = CorefileServer(inside, folder / "Corefile", tmp_path,
                                [cluster])
        started.append(server)
        server.until_answered(["192.168.30.5"], "vault")
        return server
    yield start
    for server in started:
        server.close()


@pytest.fixture
def folder(tmp_path):
    """A folder with a Corefile and a hosts file."""
    made = tmp_path / "coredns"
    made.mkdir()
    (made / "NodeHosts").write_text(NODES)
    (made / "Corefile").write_text(corefile(made / "NodeHosts"))
    return made


def corefile(file, fallthrough="fallthrough"):
    return BLOCK.format(file=file, fallthrough=fallthrough, upstream=UPSTREAM)


def metric(server, name):
    lines = server.http(9153, "/metrics")[1].splitlines()
    return [line.split()[1] for line in lines if line.startswith(name + " ")]


def test_the_file_and_the_corefile_are_served(serve, folder):
    server = serve(folder)
    assert server.short("VAULT.corp.Example") == ["192.168.30.5"]
    assert server.short("vault.corp.example", "AAAA") == ["2001:db8:30::5"]
    assert server.short("agent-1.lan") == ["192.168.7.12"]
    assert sorted(server.short("-x", "192.168.7.12")) == ["agent-1.",
                                                          "agent-1.lan."]
    answer = server.dig("agent-1")
    assert "agent-1.\t\t120\tIN\tA\t192.168.7.12" in answer
    assert "flags: qr aa rd" in answer
    no_data = server.dig("agent-1", "AAAA")
    assert "status: NOERROR" in no_data and "ANSWER: 0" in no_data
    assert metric(server, "canopydns_hosts_names") == ["6"]


def test_other_names_go_on(serve, folder):
    server = serve(folder)
    server.until_answered(["10.96.10.1"], WEB)
    assert server.short("-x", "10.96.10.1") == [f"{WEB}."]
    assert server.short("www.example.com") == ["198.51.100.7"]
    assert server.short("-x", "198.51.8.9") == ["www.example.com."]


@pytest.mark.parametrize("write", [write_in_place, write_by_rename])
def test_a_changed_file_is_served_and_nothing_older(serve, folder, write):
    server = serve(folder)
    for _ in range(3):  # from the cache, too
        assert server.short("agent-1") == ["192.168.7.12"]
        assert server.short("www.example.com") == ["198.51.100.7"]
    write(folder / "NodeHosts",
          "192.168.7.99 agent-1\n192.168.7.13 agent-2 www.example.com\n")
    server.until_answered(["192.168.7.99"], "agent-1")
    for _ in range(10):
        assert server.short("agent-1") == ["192.168.7.99"]
        assert server.short("www.example.com") == ["192.168.7.13"]
    assert server.short("server-1") == []
    assert server.short("-x", "192.168.7.12") == []
    write(folder / "NodeHosts", "")
    server.until_answered(["198.51.100.7"], "www.example.com")
    assert server.short("vault") == ["192.168.30.5"]


def test_a_mounted_configmap_may_hold_both(serve, tmp_path):
    path = tmp_path / "mounted"
    texts = {"Corefile": corefile(path / "NodeHosts"), "NodeHosts": NODES}
    mounted = ConfigMapFolder(path, texts)
    server = serve(path)
    assert server.short("agent-1") == ["192.168.7.12"]
    mounted.swap({**texts, "NodeHosts": "192.168.7.99 agent-1\n"})
    server.until_answered(["192.168.7.99"], "agent-1")


def test_a_broken_line_hides_no_other(serve, folder):
    (folder / "NodeHosts").write_text(
        "192.168.7.11 server-1\n192.168.7.500 agent-1\nreload 5s\n"
        "192.168.7.13 agent-2")
    server = serve(folder)
    assert server.short("server-1") == ["192.168.7.11"]
    assert server.short("agent-2") == ["192.168.7.13"]
    server.until_logged(
        r"warning .*NodeHosts, line 2: ignored: not an IP address with valid "
        r"names, like 1 further lines")
    assert metric(server, "canopydns_hosts_broken_files") == ["0"]


def test_a_lost_or_oversized_file_keeps_its_last_content(serve, folder):
    server = serve(folder)
    file = folder / "NodeHosts"
    file.unlink()
    server.until_logged("NodeHosts: cannot be read: No such file or directory; "
                        "serving its last valid content")
    assert server.short("agent-1") == ["192.168.7.12"]
    assert metric(server, "canopydns_hosts_broken_files") == ["1"]
    large = folder / "large"
    with open(large, "w") as aside:
        aside.truncate((16 << 20) + 1)
    large.rename(file)
    server.until_logged("NodeHosts: is larger than 16 MiB; "
                        "serving its last valid content")
    assert server.short("agent-1") == ["192.168.7.12"]
    write_by_rename(file, "192.168.7.99 agent-1\n")
    server.until_answered(["192.168.7.99"], "agent-1")
    assert metric(server, "canopydns_hosts_broken_files") == ["0"]


def test_a_missing_file_does_not_prevent_a_start(serve, folder):
    (folder / "NodeHosts").unlink()
    server = serve(folder)
    server.until_logged("warning .*NodeHosts: cannot be read: .*"
                        "serving none of its names")
    assert server.short("vault.corp.example") == ["192.168.30.5"]
    (folder / "NodeHosts").write_text(NODES)
    server.until_answered(["192.168.7.12"], "agent-1")


def test_without_fallthrough_a_missing_name_says_why(serve, folder):
    (folder / "Corefile").write_text(corefile(folder / "NodeHosts", ""))
    server = serve(folder)
    answer = server.dig("www.example.com")
    assert "status: SERVFAIL" in answer
    assert "the directive hosts lacks this name" in answer
    # Reverse names always go on.
    assert server.short("-x", "198.51.8.9") == ["www.example.com."]
