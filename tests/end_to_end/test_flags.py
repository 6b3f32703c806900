"""Each flag has a visible effect."""

from pathlib import Path

import pytest

import canopy as binary
from ask import lines
from kube_apiserver import objects
from network_namespace import NetworkNamespace
from until import until
from upstream import records

SVC = "shop.svc.cluster.local"


def labelled(space, name, address, **labels):
    return objects.service(space, name, labels=labels, clusterIP=address)


OBJECTS = [
    objects.namespace("shop", team="a"), objects.namespace("lab", team="b"),
    labelled("shop", "web", "10.96.0.2", app="web"),
    labelled("lab", "web", "10.96.0.3", app="other"),
    objects.service("shop", "empty", clusterIP="10.96.0.4"),
    objects.service("shop", "db", labels={"app": "web"}, clusterIP="None"),
    objects.endpoint_slice("shop", "db", [
        {"addresses": ["10.244.0.7"], "conditions": {"ready": True},
         "targetRef": {"kind": "Pod", "namespace": "shop", "name": "db-abc"}}]),
    {"apiVersion": "v1", "kind": "Pod",
     "metadata": {"name": "db-abc", "namespace": "shop"},
     "status": {"phase": "Running", "podIP": "10.244.0.7",
                "podIPs": [{"ip": "10.244.0.7"}]}},
]
POD, NO_POD = "10-244-0-7.shop.pod.cluster.local", "10-9-9-9.shop.pod.cluster.local"


@pytest.mark.parametrize("flags, name, rtype, wanted", [
    ([], f"web.{SVC}", "A", ["10.96.0.2"]),
    (["--domain=kube.test"], "web.shop.svc.kube.test", "A", ["10.96.0.2"]),
    (["--domain=Kube.Test."], "web.shop.svc.kube.test", "A", ["10.96.0.2"]),
    (["--pods=disabled"], POD, "A", "NXDOMAIN"),
    (["--pods=insecure"], POD, "A", ["10.244.0.7"]),
    (["--pods=insecure"], NO_POD, "A", ["10.9.9.9"]),
    ([], NO_POD, "A", ["10.9.9.9"]),
    (["--pods=verified"], POD, "A", ["10.244.0.7"]),
    (["--pods=verified"], NO_POD, "A", "NXDOMAIN"),
    (["--namespaces=shop"], f"web.{SVC}", "A", ["10.96.0.2"]),
    (["--namespaces=shop"], "web.lab.svc.cluster.local", "A", "NXDOMAIN"),
    (["--namespaces=lab,shop"], "web.lab.svc.cluster.local", "A",
     ["10.96.0.3"]),
    (["--namespace-labels=team=b"], f"web.{SVC}", "A", "NXDOMAIN"),
    (["--namespace-labels=team in (a)"], f"web.{SVC}", "A", ["10.96.0.2"]),
    (["--labels=app=web"], f"web.{SVC}", "A", ["10.96.0.2"]),
    (["--labels=app=web"], "web.lab.svc.cluster.local", "A", "NXDOMAIN"),
    (["--labels=app!=web"], f"web.{SVC}", "A", "NXDOMAIN"),
    ([], f"db-abc.db.{SVC}", "A", "NXDOMAIN"),
    (["--endpoint-pod-names"], f"db-abc.db.{SVC}", "A", ["10.244.0.7"]),
    (["--endpoint-pod-names=true"], f"db-abc.db.{SVC}", "A", ["10.244.0.7"]),
    (["--endpoint-pod-names=false"], f"10-244-0-7.db.{SVC}", "A",
     ["10.244.0.7"]),
    ([], f"empty.{SVC}", "A", ["10.96.0.4"]),
    (["--ignore-empty-service"], f"empty.{SVC}", "A", "NXDOMAIN"),
])
def test_answers(serve, flags, name, rtype, wanted):
    server = serve(*OBJECTS, flags=flags)
    for tier in "cache", "zone":
        assert server.data(name, rtype, tier) == wanted


@pytest.mark.parametrize("flags, positive, negative", [
    ([], 30, 5), (["--ttl=7"], 7, 5), (["--negative-ttl=9"], 30, 9),
    (["--ttl=0", "--negative-ttl=0"], 0, 0)])
def test_ttls(serve, flags, positive, negative):
    server = serve(*OBJECTS, flags=flags)
    assert lines(server.ask(f"web.{SVC}").answer) == [
        f"web.{SVC}. {positive} IN A 10.96.0.2"]
    soa, = server.ask(f"gone.{SVC}").authority
    assert (soa.ttl, soa[0].minimum) == (negative, negative)


@pytest.mark.parametrize("how", [
    ["--ttl=7"], ["--ttl", "7"], ["--ttl=5", "--ttl=7"]])
def test_ways_to_give_a_value(serve, how):
    assert serve(*OBJECTS, flags=how).ask(f"web.{SVC}").answer[0].ttl == 7


def test_environment(serve):
    server = serve(*OBJECTS, env={"CANOPYDNS_TTL": "8"})
    assert server.ask(f"web.{SVC}").answer[0].ttl == 8
    server = serve(*OBJECTS, env={"CANOPYDNS_TTL": "8"}, flags=["--ttl=9"])
    assert server.ask(f"web.{SVC}").answer[0].ttl == 9
    server = serve(*OBJECTS, env={"CANOPYDNS_IGNORE_EMPTY_SERVICE": "true"})
    assert server.data(f"empty.{SVC}") == "NXDOMAIN"


def test_an_environment_that_kubernetes_makes_is_no_mistake(serve):
    """Kubernetes makes these variables for a Service called canopydns-dns."""
    server = serve(*OBJECTS, env={
        "CANOPYDNS_DNS_PORT": "tcp://10.96.0.10:53",
        "CANOPYDNS_DNS_SERVICE_HOST": "10.96.0.10"})
    assert server.data(f"web.{SVC}") == ["10.96.0.2"]


def test_zone_port_off(serve):
    server = serve(*OBJECTS, flags=["--zone-port=off"])
    assert server.data(f"web.{SVC}") == ["10.96.0.2"]
    assert "zone tier" not in server.log()


def test_nameservers_ipv6(serve, upstream):
    outside = upstream(records("www.example.com. 60 IN A 192.0.2.1"),
                       address="::1")
    server = serve(flags=[f"--nameservers=[::1]:{outside.port}"])
    assert server.data("www.example.com") == ["192.0.2.1"]


def test_cache_size_zero_caches_nothing(serve, upstream):
    outside = upstream(records("www.example.com. 60 IN A 192.0.2.1"))
    server = serve(flags=[f"--nameservers={outside.server}", "--cache-size=0"])
    for _ in range(3):
        assert server.data("www.example.com") == ["192.0.2.1"]
    assert server.forwarded() == 3


@pytest.mark.parametrize("flags", [["--cache-size=100"],
                                   ["--cache-memory=64K"]])
def test_the_cache_is_bounded(serve, upstream, flags):
    outside = upstream(records(*(f"n{i}.example.com. 60 IN A 192.0.2.1"
                                 for i in range(500))))
    server = serve(flags=[f"--nameservers={outside.server}", *flags])
    for i in range(500):
        server.ask(f"n{i}.example.com")
    found = server.metrics()
    assert found.sum("canopydns_cache_evictions_total") > 0
    if "size" in flags[0]:
        assert found.sum("canopydns_cache_entries") <= 100
    else:
        assert found.sum("canopydns_cache_bytes") <= 64 << 10


@pytest.mark.parametrize("workers", [1, 3])
def test_workers(serve, workers):
    server = serve(*OBJECTS, flags=[f"--workers={workers}"])

    def names():
        return [(task / "comm").read_text().strip()
                for task in Path(f"/proc/{server.pid}/task").iterdir()]
    # Each thread sets its name once it runs, which may be after "ready".
    server.until(lambda: names().count("canopy-worker") == workers,
                 f"{workers} workers")


def test_log_queries(serve):
    quiet, loud = serve(*OBJECTS), serve(*OBJECTS, flags=["--log-queries"])
    for server in quiet, loud:
        server.ask(f"web.{SVC}", "AAAA")
    loud.until(lambda: loud.log_lines(f"web.{SVC}"), "a line")
    assert "AAAA" in loud.log_lines(f"web.{SVC}")[0]
    assert not quiet.log_lines(f"web.{SVC}")


@pytest.mark.parametrize("flag", ["--log-level=error", "--log-level=warning"])
def test_log_level(canopy, manifest_file, flag):
    done = binary.run("check", flag, f"--manifests={manifest_file()}")
    assert done.returncode == 0
    with_info = canopy(manifests=[manifest_file()])
    assert " info " in with_info.log()


def test_log_level_debug_says_more(serve):
    at_info = serve(*OBJECTS).log()
    for flag in "--log-level=debug", "--v=4":
        server = serve(*OBJECTS, flags=[flag])
        until(lambda: len(server.log()) >= len(at_info), f"more with {flag}")


@pytest.mark.parametrize("flags, status", [([], 403), (["--debug-remote"], 200)])
def test_debug_remote(canopy, manifest_file, flags, status):
    """A host's own address is not its loopback address."""
    with NetworkNamespace() as namespace:
        namespace.add_address("192.0.2.2")
        server = namespace.canopy(
            manifest_file(*OBJECTS).path.parent / "inside", *flags,
            manifests=[manifest_file(*OBJECTS)], address="192.0.2.2")
        with server:
            page = server.page("/debug/zone?name=shop.svc.cluster.local")
            assert page.status == status


def test_kube_dns_arguments_keep_working(canopy, manifest_file, tmp_path):
    """The arguments of the manifest of kube-dns 1.26."""
    (tmp_path / "config").mkdir()
    server = canopy("--domain=cluster.local.",
                    f"--config-dir={tmp_path / 'config'}", "--v=2",
                    manifests=[manifest_file(*OBJECTS)])
    assert server.data(f"web.{SVC}") == ["10.96.0.2"]
