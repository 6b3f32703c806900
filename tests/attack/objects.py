"""Kubernetes objects that are legal, and large."""

import json
import os
import time

import wire
from attack import Attack, flood
from program import Program

_FIRST = 10 << 24 | 128 << 16  # 10.128.0.0


def _ports(count, **more):
    return [{"name": f"p{i}", "protocol": "TCP", "port": 1 + i, **more}
            for i in range(count)]


def service(name, ports, ip="None", labels=None):
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "lab",
                         **({"labels": labels} if labels else {})},
            "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": ports,
                     "selector": {"app": name}}}


def slice_of(service_name, name, addresses, ports, first=0):
    def ip(number):
        number += _FIRST + first
        return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": name, "namespace": "lab", "labels": {
                "kubernetes.io/service-name": service_name}},
            "addressType": "IPv4", "ports": ports,
            "endpoints": [{"addresses": [ip(i)],
                           "conditions": {"ready": True}}
                          for i in range(addresses)]}


def text(objects):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def write(path, objects):
    """By renaming: all or nothing."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text(objects))
    new.rename(path)


class LargeAnswers(Attack):
    """Questions for a name that has more records than a message holds."""

    endpoints, slices, ports = 5000, 50, 1

    def prepare(self, place):
        each = self.endpoints // self.slices
        path = place.folder / "large.json"
        write(path, [service("large", _ports(self.ports))] + [
            slice_of("large", f"large-{i}", each, _ports(self.ports), i * each)
            for i in range(self.slices)])
        return [f"--manifests={path}"]

    def attack(self, target):
        made = [wire.question(name, rtype) for name, rtype in (
            ("large.lab.svc.cluster.local", "SRV"),
            ("_p0._tcp.large.lab.svc.cluster.local", "SRV"))]
        return flood(target, 42 * 1024 / len(made[0]),
                     lambda number: wire.numbered(made[number & 1], number))


class ManyEndpoints(LargeAnswers):
    name = "4a"
    what = "SRV of a Service with 5,000 endpoints: 42 KiB/s"


class ManyPorts(LargeAnswers):
    name = "4b"
    what = "SRV of 200 endpoints with 100 ports: 42 KiB/s"
    endpoints, slices, ports = 200, 2, 100


class LargeObject(Attack):
    """An object comes, changes each second, and goes."""

    def objects(self, turn):
        raise NotImplementedError

    def prepare(self, place):
        self._folder = place.folder / "manifests"
        self._folder.mkdir()
        self._made = []
        for turn in range(2):
            self._made.append(place.folder / f"turn-{turn}.json")
            write(self._made[turn], self.objects(turn))
        return [f"--manifests={self._folder}"]

    def meanwhile(self, server, seconds):
        last, turn = time.monotonic() + seconds, 0
        while time.monotonic() < last and server.runs():
            fresh = self._folder.parent / "fresh"
            fresh.unlink(missing_ok=True)
            os.link(self._made[turn % 2], fresh)
            fresh.rename(self._folder / "large.json")
            turn += 1
            time.sleep(1)
        (self._folder / "large.json").unlink(missing_ok=True)


class FromApi(LargeObject):
    """The same objects, by the watches of an API server."""

    serves_example = False

    def __init__(self, name, source):
        self.name, self._source = name, source
        self.what = f"as {source.name}, from an API server"

    def objects(self, turn):
        return self._source.objects(turn)

    def prepare(self, place):
        super().prepare(place)
        self._api = place.stack.enter_context(
            Program("api_program.py", nice=10))
        return [f"--kube-master-url={self._api.line()}"]

    def meanwhile(self, server, seconds):
        for turn in range(int(seconds)):
            self._api.tell(f"add {self._made[turn % 2]}")
            time.sleep(1)

    def faults(self, server):
        return self._source.faults(server)


class Slice(LargeObject):
    def __init__(self, name, addresses, ports):
        self.name, self._addresses, self._ports = name, addresses, ports
        self.what = (f"an EndpointSlice of {addresses:,} addresses and "
                     f"{ports} ports comes, changes each second and goes")

    def objects(self, turn):
        return [service("large", _ports(self._ports)), slice_of(
            "large", "large-1", self._addresses, _ports(self._ports), turn)]


class ServicePorts(LargeObject):
    def __init__(self, name, services, ports):
        self.name, self._services, self._ports = name, services, ports
        self.what = (f"{services} Services of {ports:,} ports come, change "
                     "each second and go")

    def objects(self, turn):
        return [service(f"large{i}", _ports(self._ports, targetPort=turn + 1),
                        f"10.97.{turn}.{i + 1}")
                for i in range(self._services)]


class LongNames(LargeObject):
    name = "7e"
    what = "hostnames, ports, labels and Services with names of 1 MB"

    def objects(self, turn):
        long = "abcdefgh" * (1 << 17)
        held = slice_of("large", "large-1", 3, _ports(1), turn)
        held["endpoints"][0]["hostname"] = long
        held["endpoints"][1]["targetRef"] = {"kind": "Pod", "name": long}
        held["ports"].append({"name": long, "port": 7, "protocol": "TCP"})
        other = slice_of(long, "large-2", 3, _ports(1), turn)
        return [service("large", _ports(1)), held, other,
                service("labels", _ports(1), labels={long: long}),
                service("large2", [{"name": long, "port": 7}])]

    def faults(self, server):
        size = server.log_file.stat().st_size
        return [f"a log of {size / 2**20:.1f} MiB"] if size > 1 << 17 else []


ATTACKS = [ManyEndpoints(), ManyPorts()]
MORE = [Slice("7a", 1000, 100), Slice("7b", 4000, 100),
        Slice("7c", 20_000, 100), ServicePorts("7d", 1, 25_000), LongNames(),
        ServicePorts("7f", 100, 1000)]
MORE += [FromApi(name, source) for name, source in zip("7g 7h 7i".split(), (
    MORE[1], MORE[3], MORE[4]))]
