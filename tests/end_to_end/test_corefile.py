"""A Corefile in place of flags: what a cluster's operator sees after CoreDNS's
image is swapped for ours."""

import re
import subprocess

import pytest

from canopy import BINARY, environment, run
from corefile import KUBEADM, CorefileServer
from files import ConfigMapFolder, manifest
from kube_apiserver import objects
from network_namespace import NetworkNamespace
from until import PATIENCE, until

UPSTREAM = "192.0.2.53"
OTHER = "192.0.2.54"
WEB = "web.shop.svc.cluster.local"


@pytest.fixture
def inside(tmp_path):
    with NetworkNamespace() as made:
        made.add_outside(f"{UPSTREAM}/32", f"{OTHER}/32")
        made.replace_file("/etc/resolv.conf", f"nameserver {UPSTREAM}\n",
                          tmp_path)
        yield made


@pytest.fixture
def upstreams(inside):
    """Two upstreams that have other addresses for the same name."""
    started = [inside.upstream(address, 53,
                               f"www.example.com. 300 IN A {answer}",
                               f"git.corp.example. 300 IN A {answer}",
                               f"9.8.51.198.in-addr.arpa. 600 IN PTR {name}",
                               outside=True)
               for address, answer, name in (
                   (UPSTREAM, "198.51.100.7", "one.example."),
                   (OTHER, "198.51.100.8", "two.example."))]
    yield
    for upstream in started:
        upstream.close()


@pytest.fixture
def cluster(tmp_path):
    path = tmp_path / "cluster.json"
    path.write_text(manifest(objects.namespace("shop"),
                             objects.service("shop", "web",
                                             clusterIP="10.96.10.1")))
    return path


@pytest.fixture
def served(inside, tmp_path, cluster):
    """served(text): a server with this Corefile in a mounted ConfigMap."""
    started = []

    def serve(text):
        folder = ConfigMapFolder(tmp_path / "coredns", {"Corefile": text})
        server = CorefileServer(inside, folder.folder / "Corefile", tmp_path,
                                [cluster])
        server.folder = folder
        started.append(server)
        server.until_answered(["10.96.10.1"], WEB)
        return server
    yield serve
    for server in started:
        server.close()


def ttl(server, *words):
    lines = server.dig("+noall", "+answer", *words).splitlines()
    return int(lines[0].split()[1])


def test_kubeadms_corefile_serves_as_it_stands(served, upstreams):
    server = served(KUBEADM)
    assert ttl(server, WEB) == 30
    assert server.short("www.example.com") == ["198.51.100.7"]
    assert ttl(server, "www.example.com") <= 30  # the upstream says 300
    assert server.short("-x", "10.96.10.1") == [f"{WEB}."]
    assert server.short("-x", "198.51.8.9") == ["one.example."]
    assert server.short("10-1-2-3.shop.pod.cluster.local") == ["10.1.2.3"]
    assert "status: NXDOMAIN" in server.dig(f"nosuch.{WEB}")
    assert server.http(8080, "/health")[0] == 200
    assert server.http(8181, "/ready")[0] == 200
    status, page = server.http(9153, "/metrics")
    assert status == 200 and "\ncoredns_build_info{" in page


def test_the_zone_tier_is_off(served, upstreams):
    server = served(KUBEADM)
    assert "zone tier" not in server.log()


def test_sigterm_ends_it_with_status_0(served, upstreams):
    server = served(KUBEADM)
    server.close()
    assert server.process.returncode == 0, server.log()


def test_blocks_by_zone_and_port(served, upstreams):
    server = served(KUBEADM + f"""
        corp.example:53 {{
            forward . {OTHER}
            cache 10
        }}
        example.com:5300 {{
            forward . {OTHER} {{
                force_tcp
            }}
        }}
        """)
    assert server.short("www.example.com") == ["198.51.100.7"]
    assert server.short("git.corp.example") == ["198.51.100.8"]
    assert server.short("www.example.com", port=5300) == ["198.51.100.8"]
    assert "status: REFUSED" in server.dig(WEB, port=5300)


def test_a_changed_corefile_loses_no_query(served, upstreams):
    server = served(KUBEADM)
    server.until_answered(["198.51.100.7"], "www.example.com")
    asked = []
    changed = KUBEADM.replace("/etc/resolv.conf", OTHER)
    server.folder.swap({"Corefile": changed})

    def is_new():
        asked.append(server.short("www.example.com"))
        assert asked[-1] in (["198.51.100.7"], ["198.51.100.8"]), asked
        return asked[-1] == ["198.51.100.8"]
    until(is_new, lambda: server.log())
    # A new plan outdates what was cached with the old one.
    assert server.short("www.example.com") == ["198.51.100.8"]


def test_a_bad_corefile_is_refused_and_the_last_good_one_serves_on(
        served, upstreams):
    server = served(KUBEADM)
    server.folder.swap({"Corefile": KUBEADM.replace("cache", "cahce")})
    server.until_logged(r'error .*Corefile:16: cahce: .*did you mean cache.*'
                        r"keeping the current plan")
    assert server.short("www.example.com") == ["198.51.100.7"]
    server.folder.swap(
        {"Corefile": KUBEADM.replace("/etc/resolv.conf", OTHER)})
    server.until_answered(["198.51.100.8"], "www.example.com")
    assert server.count_logged("keeping the current plan") == 1


@pytest.mark.parametrize("old, new, what", [
    (".:53", ".:5353", "ports or bind addresses"),
    ("ttl 30", "ttl 20", "kubernetes"),
    (":9153", ":9154", "health, ready or prometheus")])
def test_what_needs_a_restart_is_said(served, upstreams, old, new, what):
    server = served(KUBEADM)
    server.folder.swap({"Corefile": KUBEADM.replace(old, new)})
    server.until_logged(f"a change of {what} needs a restart; keeping")
    assert server.short(WEB) == ["10.96.10.1"]


def test_upstreams_follow_a_changed_resolv_conf(served, upstreams, tmp_path):
    resolv_conf = tmp_path / "upstreams.conf"
    resolv_conf.write_text(f"nameserver {UPSTREAM}\n")
    server = served(KUBEADM.replace("/etc/resolv.conf", str(resolv_conf)))
    server.until_answered(["198.51.100.7"], "www.example.com")
    resolv_conf.write_text(f"nameserver {OTHER}\n")
    server.until_answered(["198.51.100.8"], "www.example.com")


def test_one_zone_on_two_addresses(inside, tmp_path, upstreams):
    """Forwarding alone: no cluster, no HTTP port that is not asked for."""
    for address in ("169.254.10.10", "169.254.10.11"):
        inside.add_address(f"{address}/32")
    path = tmp_path / "Corefile"
    path.write_text(f"""
        .:53 {{
            bind 169.254.10.10
            forward . {UPSTREAM}
            cache 30
        }}
        .:53 {{
            bind 169.254.10.11
            forward . {OTHER}
            cache 30
        }}
        """)
    with CorefileServer(inside, path, tmp_path) as server:
        for address, answer in (("169.254.10.10", "198.51.100.7"),
                                ("169.254.10.11", "198.51.100.8")):
            server.until_answered([answer], "www.example.com",
                                  address=address)
        assert "health and metrics" not in server.log()


FAULTY = """\
.:53 {
    errors
    heatlh
    kubernetes cluster.local {
        ttl 7200
    }
    forward . /etc/resolv.conf
    proxy . 10.0.0.1
}
"""


def test_serve_says_the_first_fault_and_check_says_all(tmp_path):
    path = tmp_path / "Corefile"
    path.write_text(FAULTY)
    refused = run("-conf", path)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1, refused.stderr
    assert re.search(r"Corefile:3: .*heatlh.*health.*2 more", refused.stderr)
    checked = run("check", "-conf", path)
    assert checked.returncode == 2
    for fault in ("Corefile:3: ", "Corefile:5: ", "Corefile:8: "):
        assert checked.stderr.count(fault) == 1, checked.stderr


def test_check_takes_kubeadms_corefile(tmp_path, cluster):
    path = tmp_path / "Corefile"
    path.write_text(KUBEADM)
    checked = run("check", "-conf", path, f"--manifests={cluster}")
    assert (checked.returncode, checked.stderr) == (0, ""), checked
