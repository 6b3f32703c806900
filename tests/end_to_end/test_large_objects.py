"""Objects as large as the API allows, and larger: which records are served, the
memory used, and the log lines and metrics."""

import itertools
import json

import pytest

from hostile_api import HostileApi, highest_memory, list_of, reply

pytestmark = pytest.mark.measured

MEBIBYTE = 1 << 20
# deploy/ grants 170 MiB; the attack tests allow 128.
MOST_MEMORY = 96 * MEBIBYTE


def address(number):
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def ports_of(count, **more):
    return [{"name": f"p{i}", "port": i + 1, **more} for i in range(count)]


def service(name, ports=0, ip="None"):
    return {"metadata": {"namespace": "default", "name": name},
            "spec": {"clusterIP": ip, "ports": ports_of(ports)}}


def endpoint_slice(name, service_name, endpoints, ports, first=0):
    return {"metadata": {"namespace": "default", "name": name, "labels": {
                "kubernetes.io/service-name": service_name}},
            "addressType": "IPv4", "ports": ports_of(ports),
            "endpoints": [{"addresses": [address(first + i)]}
                          for i in range(endpoints)]}


class Cluster:
    """Objects by resource, listed once, and the events of a watch."""

    def __init__(self, **objects):
        objects["namespaces"] = [{"metadata": {"name": "default"}}]
        self.pages = {resource: reply(list_of(resource, b",".join(
            json.dumps(one).encode() for one in objects.get(resource, []))))
            for resource in ("namespaces", "services", "endpointslices")}
        self.events = {}

    def api(self):
        return HostileApi(lambda request: self.pages[request.resource],
                          lambda request: self.events.get(request.resource))


def name(labels):
    return f"{labels}.default.svc.cluster.local"


SHAPES = {  # endpoints and ports of each slice, slices, whether all is served
    "the largest that its writer makes": (100, 100, 1, True),
    "a legal slice": (1000, 100, 1, False),
    "as many ports as the API takes": (1000, 20_000, 1, False),
    "4,000 endpoints": (4000, 100, 1, False),
    "20,000 endpoints": (20_000, 100, 1, False),
    "20 slices of a Service": (1000, 100, 20, False),
    "70,000 addresses of one name": (1000, 1, 70, True),
}


@pytest.mark.parametrize("what", SHAPES)
def test_slices(canopy, what):
    endpoints, ports, slices, whole = SHAPES[what]
    cluster = Cluster(services=[service("big")], endpointslices=[
        endpoint_slice(f"big-{i}", "big", endpoints, ports, i * endpoints)
        for i in range(slices)])
    with cluster.api() as api:
        server = canopy(f"--kube-master-url={api.url}")
        memory = highest_memory(server)
        print(f"{what}: {memory >> 10} KiB at the most")
        assert memory < MOST_MEMORY
        for i in (0, min(endpoints, 10_000) - 1):
            label = address(i).replace(".", "-")
            assert server.data(name(f"{label}.big")) == [address(i)]
        # Ports of the first hundred; of many more, the first ones.
        for i in {0, min(ports, 100) - 1}:
            reply = server.ask(name(f"_p{i}._tcp.big"), "SRV", tcp=True)
            assert len(reply.answer[0]) >= min(8, endpoints * slices)
        assert server.ask(name("big"), "SRV", tcp=True).answer
        warnings = server.log_lines("too large and served in part")
        assert len(warnings) == (0 if whole else slices)
        metrics = server.metrics()
        assert metrics.sum("canopydns_watch_objects_cut") == len(warnings)
        print(f"{metrics.sum('canopydns_zone_records'):.0f} records")


def test_services_of_many_ports(canopy):
    cluster = Cluster(services=[
        service("huge", 25_000, "10.96.0.1"),
        *(service(f"large-{i}", 1000, address(i)) for i in range(100))])
    with cluster.api() as api:
        server = canopy(f"--kube-master-url={api.url}")
        memory = highest_memory(server)
        print(f"125,000 ports: {memory >> 10} KiB at the most")
        assert memory < MOST_MEMORY
        for port in ("_p0._tcp.huge", "_p19999._tcp.huge", "_p999._tcp.large-9"):
            assert len(server.data(name(port), "SRV")) == 1
        assert server.data(name("_p20000._tcp.huge"), "SRV") == "NXDOMAIN"
        warning, = server.log_lines("too large and served in part")
        assert "Service default/huge" in warning
        assert "5000 of 25000 ports" in warning


def test_long_texts(canopy):
    """A megabyte in place of a name causes one short log line."""
    long = "x" * MEBIBYTE

    def changed(name, **more):
        return {**service(name, 1), **more}
    cluster = Cluster(services=[
        service("web", 1, "10.96.0.1"),
        changed("a", metadata={"namespace": "default", "name": "a",
                               "labels": {long: 1}}),
        changed("b", metadata={"namespace": "default", "name": long}),
        changed("c", spec={"type": "ExternalName", "externalName": long}),
        changed("d", spec={"ports": [{"name": long, "port": 1}]}),
        changed("e", spec={"ports": [{"protocol": long, "port": 1}]}),
        changed("f", spec={"clusterIP": long}),
        changed("g", kind=long)])
    with cluster.api() as api:
        server = canopy(f"--kube-master-url={api.url}")
        assert server.data(name("web")) == ["10.96.0.1"]
        assert len(server.log_lines("is skipped")) == 1  # b
        assert len(server.log_lines("is served without")) == 5
        assert max(map(len, server.log().splitlines())) < 1000
        assert highest_memory(server) < 48 * MEBIBYTE


def test_a_storm_of_events(canopy):
    """One of a thousand endpoints, with a hundred ports, is added and removed
    again and again."""
    count = 200
    cluster = Cluster(services=[service("big")], endpointslices=[
        endpoint_slice("big-0", "big", 1000, 100)])
    events = [json.dumps({"type": "MODIFIED", "object": endpoint_slice(
        "big-0", "big", 1000 + i % 2, 100)}).encode() for i in range(count)]
    cluster.events["endpointslices"] = itertools.chain(
        [b"HTTP/1.1 200 OK\r\n\r\n"], events)
    with cluster.api() as api:
        server = canopy(f"--kube-master-url={api.url}")
        server.until(lambda: server.metrics().sum(
            "canopydns_watch_events_total") >= count, "all events", 60)
        assert len(server.log_lines("too large and served in part")) == 1
        assert highest_memory(server) < MOST_MEMORY
        assert server.data(name(f"{address(1000).replace('.', '-')}.big")) == [
            address(1000)]
