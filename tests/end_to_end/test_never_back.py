"""No client sees an answer older than an earlier one, while the zone changes
under load and several workers answer."""

import ipaddress
import threading

import pytest

from kube_apiserver import objects

NAME = "web.shop.svc.cluster.local"
CLIENTS, CHANGES = 6, 60


def number(address):
    return int(ipaddress.ip_address(address)) - int(
        ipaddress.ip_address("10.96.0.0"))


def shop(version):
    address = str(ipaddress.ip_address("10.96.0.0") + version)
    return [objects.namespace("shop"),
            objects.service("shop", "web", clusterIP=address)]


class Client(threading.Thread):
    """Queries until stopped, and records the versions it saw."""

    def __init__(self, server, tcp, stop):
        super().__init__(daemon=True)
        self.server, self.tcp, self.stop = server, tcp, stop
        self.seen, self.error = [], None

    def run(self):
        try:
            while not self.stop.is_set():
                self.seen.append(number(
                    self.server.data(NAME, tcp=self.tcp)[0]))
        except Exception as error:
            self.error = error


@pytest.mark.parametrize("workers", [1, 4])
def test_versions_only_grow(canopy, manifest_file, workers):
    file = manifest_file(*shop(0))
    server = canopy(f"--workers={workers}", manifests=[file])
    stop = threading.Event()
    clients = [Client(server, i % 3 == 0, stop) for i in range(CLIENTS)]
    for client in clients:
        client.start()
    for version in range(1, CHANGES + 1):
        serial = server.serial()
        file.set(*shop(version))
        server.until_serial_moves(serial)
    stop.set()
    for client in clients:
        client.join()
        assert client.error is None
        assert client.seen == sorted(client.seen)
        assert len(client.seen) > 10
    assert server.data(NAME) == [shop(CHANGES)[1]["spec"]["clusterIP"]]
