"""The cluster that is measured: Services in twenty namespaces, each with its
endpoints, every tenth one headless.  The same one for every server."""

import json
import socket
import struct
from dataclasses import dataclass

NAMESPACES = 20
HEADLESS_EVERY = 10
SLICE_SIZE = 100  # endpoints; what the EndpointSlice controller allows

SERVICES, ENDPOINTS = "services", "endpoints"
SLICES, NAMESPACE_LIST = "endpointslices", "namespaces"
API_VERSION = {SERVICES: "v1", ENDPOINTS: "v1", NAMESPACE_LIST: "v1",
               SLICES: "discovery.k8s.io/v1"}
KIND = {SERVICES: "Service", ENDPOINTS: "Endpoints", SLICES: "EndpointSlice",
        NAMESPACE_LIST: "Namespace"}

_FIRST_SERVICE = 0x0A600000  # 10.96.0.0
_FIRST_ENDPOINT = 0x0A800000  # 10.128.0.0


def _address(number):
    return socket.inet_ntoa(struct.pack("!I", number))


def _metadata(name, namespace=None, **labels):
    meta = {"name": name, "uid": f"00000000-0000-4000-8000-{name}",
            "creationTimestamp": "2024-01-01T00:00:00Z", "labels": labels}
    if namespace:
        meta["namespace"] = namespace
    return meta


@dataclass(frozen=True)
class Service:
    index: int
    endpoint_count: int
    name: str
    namespace: str
    headless: bool = False

    @property
    def domain_name(self):
        return f"{self.name}.{self.namespace}.svc.cluster.local."

    @property
    def cluster_ip(self):
        return "None" if self.headless else _address(
            _FIRST_SERVICE + self.index + 1)

    @property
    def endpoint_ips(self):
        first = _FIRST_ENDPOINT + self.index * self.endpoint_count + 1
        return [_address(first + i) for i in range(self.endpoint_count)]

    @property
    def answer(self):
        """The addresses an A question is answered with."""
        return set(self.endpoint_ips if self.headless else [self.cluster_ip])

    def objects(self):
        """(resource, object) pairs, as the API server lists them."""
        yield SERVICES, {
            "metadata": _metadata(self.name, self.namespace, app=self.name),
            "spec": {"clusterIP": self.cluster_ip,
                     "clusterIPs": [self.cluster_ip],
                     "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
                     "type": "ClusterIP", "selector": {"app": self.name},
                     "sessionAffinity": "None",
                     "ports": [{"name": "http", "protocol": "TCP", "port": 80,
                                "targetPort": 8080}]},
            "status": {"loadBalancer": {}}}
        ports = [{"name": "http", "protocol": "TCP", "port": 8080}]
        ips = self.endpoint_ips
        yield ENDPOINTS, {
            "metadata": _metadata(self.name, self.namespace, app=self.name),
            "subsets": [{"addresses": [
                {"ip": ip, **self._pod(i)} for i, ip in enumerate(ips)],
                "ports": ports}] if ips else []}
        for start in range(0, len(ips), SLICE_SIZE):
            yield SLICES, {
                "metadata": _metadata(
                    f"{self.name}-{start:05}", self.namespace,
                    **{"kubernetes.io/service-name": self.name}),
                "addressType": "IPv4", "ports": ports,
                "endpoints": [
                    {"addresses": [ip], "conditions": {
                        "ready": True, "serving": True, "terminating": False},
                     **self._pod(start + i)}
                    for i, ip in enumerate(ips[start:start + SLICE_SIZE])]}

    def _pod(self, i):
        return {"nodeName": f"node-{i}", "targetRef": {
            "kind": "Pod", "namespace": self.namespace,
            "name": f"{self.name}-{i}"}}


class Cluster:
    def __init__(self, services, endpoints_each):
        self.endpoints_each = endpoints_each
        self.services = [
            Service(i, endpoints_each, f"service-{i // NAMESPACES}",
                    f"ns-{i % NAMESPACES}",
                    i % HEADLESS_EVERY == HEADLESS_EVERY - 1)
            for i in range(services)]
        self._added = 0

    def namespace_objects(self):
        for i in range(NAMESPACES):
            yield NAMESPACE_LIST, {"metadata": _metadata(f"ns-{i}"),
                                   "status": {"phase": "Active"}}

    def objects(self):
        yield from self.namespace_objects()
        for service in self.services:
            yield from service.objects()

    def last_services(self):
        """The last of each form: known only when everything was read."""
        return self.services[-2:]

    def new_service(self):
        """One that nobody was told of yet."""
        self._added += 1
        return Service(len(self.services) + self._added, self.endpoints_each,
                       f"added-{self._added}", f"ns-{self._added % NAMESPACES}")


def typed(resource, thing):
    """With apiVersion and kind, which the items of a list go without."""
    return {"apiVersion": API_VERSION[resource], "kind": KIND[resource],
            **thing}


def json_bytes(thing):
    return json.dumps(thing, separators=(",", ":")).encode()
