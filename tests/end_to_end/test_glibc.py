"""glibc's resolver, configured as in each pod: ndots:5 and the kubelet's search
list, with port 53 of a network namespace."""

import pytest

from files import manifest
from kube_apiserver import objects
from network_namespace import NetworkNamespace

RESOLV_CONF = """\
search shop.svc.cluster.local svc.cluster.local cluster.local corp.test
nameserver 127.0.0.1
options ndots:5
"""
OBJECTS = [
    objects.namespace("shop"), objects.namespace("other"),
    objects.service("shop", "web", clusterIP="10.96.0.2",
                    clusterIPs=["10.96.0.2", "fd00:10:96::2"],
                    ipFamilies=["IPv4", "IPv6"]),
    objects.service("shop", "four", clusterIP="10.96.0.4"),
    objects.service("other", "web", clusterIP="10.96.0.3"),
    objects.service("shop", "db", clusterIP="None"),
    objects.endpoint_slice("shop", "db", [
        {"addresses": ["10.244.0.7"], "hostname": "db-0"},
        {"addresses": ["10.244.0.8"], "hostname": "db-1"}]),
    objects.service("shop", "big", clusterIP="None"),
    objects.endpoint_slice("shop", "big", [
        f"10.245.{i // 200}.{i % 200 + 1}" for i in range(900)]),
    objects.service("shop", "out", type="ExternalName",
                    externalName="www.example.com"),
]


@pytest.fixture(scope="module")
def namespace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("glibc")
    (folder / "objects.yaml").write_text(manifest(*OBJECTS))
    with NetworkNamespace() as made:
        made.add_address("192.0.2.2")
        made.add_address("2001:db8::2")  # AI_ADDRCONFIG: IPv6 is of use
        made.replace_file("/etc/resolv.conf", RESOLV_CONF, folder)
        made.replace_file("/etc/nsswitch.conf", "hosts: files dns\n", folder)
        outside = made.upstream(
            "192.0.2.2", 53, "www.example.com. 60 IN A 198.51.100.1",
            "www.example.com. 60 IN AAAA 2001:db8::1",
            "intra.corp.test. 60 IN A 198.51.100.2",
            "9.100.51.198.in-addr.arpa. 60 IN PTR nine.example.com.")
        with made.canopy(folder, "--nameservers=192.0.2.2",
                         manifests=[folder / "objects.yaml"],
                         ports=(53, 0, 0)):
            yield made
        outside.close()


def getent(namespace, database, name):
    """The addresses, or [] if there are none."""
    text = namespace.run("sh", "-c", f"getent {database} {name} || [ $? = 2 ]")
    return sorted({line.split()[0] for line in text.splitlines()})


@pytest.mark.parametrize("name, addresses", [
    ("web", ["10.96.0.2", "fd00:10:96::2"]),
    ("web.shop", ["10.96.0.2", "fd00:10:96::2"]),
    ("web.shop.svc", ["10.96.0.2", "fd00:10:96::2"]),
    ("web.shop.svc.cluster.local", ["10.96.0.2", "fd00:10:96::2"]),
    ("web.shop.svc.cluster.local.", ["10.96.0.2", "fd00:10:96::2"]),
    ("WEB.Shop", ["10.96.0.2", "fd00:10:96::2"]),
    ("web.other", ["10.96.0.3"]),
    ("four", ["10.96.0.4"]),
    ("db", ["10.244.0.7", "10.244.0.8"]),
    ("db-1.db", ["10.244.0.8"]),
    ("db-1.db.shop.svc", ["10.244.0.8"]),
    ("10-1-2-3.shop.pod", ["10.1.2.3"]),
    ("www.example.com", ["198.51.100.1", "2001:db8::1"]),
    ("intra", ["198.51.100.2"]),
    ("out", ["198.51.100.1", "2001:db8::1"]),
    ("gone", []), ("gone.shop", []), ("gone.example.com", []),
])
def test_getent_ahosts(namespace, name, addresses):
    assert getent(namespace, "ahosts", name) == addresses


def test_a_truncated_answer_is_asked_for_over_tcp(namespace):
    assert len(getent(namespace, "ahosts", "big")) == 900


@pytest.mark.parametrize("address, name", [
    ("10.96.0.2", "web.shop.svc.cluster.local"),
    ("fd00:10:96::2", "web.shop.svc.cluster.local"),
    ("10.244.0.8", "db-1.db.shop.svc.cluster.local"),
    ("198.51.100.9", "nine.example.com"),
])
def test_getent_hosts_of_an_address(namespace, address, name):
    assert namespace.run("getent", "hosts", address).split()[1] == name
