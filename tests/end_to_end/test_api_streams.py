"""Lists of a real API server, streamed as the first events of a watch, or in
pages where it does not support that."""

import threading

import pytest

from conftest import ACCOUNT, DEPLOY, USER
from kube_apiserver import Cluster, objects

pytestmark = pytest.mark.apiserver

KINDS = {"services", "namespaces", "endpointslices"}


def name(service, space):
    return f"{service}.{space}.svc.cluster.local"


def asked(cluster, before, verb):
    """Returns {resource: [URI]} of our account's requests since then."""
    found = {}
    for event in cluster.requests(USER)[before:]:
        if event["verb"] == verb:
            found.setdefault(event["objectRef"]["resource"], []).append(
                event["requestURI"])
    return found


def many_services(cluster, space, first=0, count=1000):
    for number in range(first, first + count):
        cluster.apply(objects.service(space, f"web-{number}",
                                      clusterIP="None"))


@pytest.fixture(scope="module")
def old_cluster(tmp_path_factory):
    """A cluster whose API server does not stream lists, as before 1.32."""
    with Cluster(tmp_path_factory.mktemp("old-cluster"), apiserver_flags={
            "feature-gates": "WatchList=false"}) as made:
        made.kubectl("apply", "--server-side", "-k", DEPLOY)
        yield made


def test_lists_are_streamed(cluster, space, follow):
    many_services(cluster, space, count=20)
    before = len(cluster.requests(USER))
    server = follow()
    for number in 0, 19:
        assert server.data(name(f"web-{number}", space)) == "NXDOMAIN"
    metrics = server.metrics()
    assert metrics.sum("canopydns_watch_streamed_lists_total") == 3
    assert metrics.sum("canopydns_watch_resyncs_total") == 3
    assert metrics.sum("canopydns_watch_objects", kind="Service") >= 20
    # The stream continues as the watch.
    new = cluster.apply(objects.service(space, "new"))
    server.until(lambda: server.data(name("new", space)) == [
        new["spec"]["clusterIP"]], "the new Service")
    watches = asked(cluster, before, "watch")
    assert watches.keys() == KINDS
    for uris in watches.values():
        uri, = set(uris)  # at its beginning, and at its end
        assert "sendInitialEvents=true" in uri
    assert not asked(cluster, before, "list")
    assert server.metrics().sum("canopydns_watch_failures_total") == 0


@pytest.mark.slow
def test_a_streamed_list_amid_changes(cluster, space, follow):
    """Each new server sees the changes that happen during its list, and none of
    them twice.  No object goes back in time, and nothing is listed again."""
    many_services(cluster, space, count=300)
    stop = threading.Event()
    rounds = []

    def change():
        while not stop.is_set():
            for number in range(10):
                cluster.apply(objects.service(
                    space, f"web-{number}", [("http", 80 + len(rounds) % 999)],
                    clusterIP="None"))
                cluster.delete(objects.service(space, f"web-{number + 100}",
                                               clusterIP="None"))
                many_services(cluster, space, number + 100, 1)
            rounds.append(1)
    client = threading.Thread(target=change)
    client.start()
    try:
        servers = [follow() for _ in range(6)]
    finally:
        stop.set()
        client.join()
    cluster.apply(objects.service(space, "last", clusterIP="None"),
                  objects.endpoint_slice(space, "last", ["10.244.3.1"]))
    there = len(cluster.api("GET", "/api/v1/services")["items"])
    for server in servers:
        server.until(lambda: server.data(name("last", space)) == [
            "10.244.3.1"], "the last change")
        metrics = server.metrics()
        assert metrics.sum("canopydns_watch_objects", kind="Service") == there
        assert metrics.sum("canopydns_watch_resyncs_total") == 3
        assert metrics.sum("canopydns_watch_streamed_lists_total") == 3
        assert metrics.sum("canopydns_watch_back_in_time_total") == 0
    print(f"{len(rounds)} rounds of 30 changes")


@pytest.mark.slow
def test_many_services_come_in_pages(old_cluster, canopy, tmp_path):
    space = "many"
    old_cluster.apply(objects.namespace(space))
    many_services(old_cluster, space)
    config = old_cluster.kubeconfig(tmp_path / "kube.conf",
                                    token=old_cluster.token(*ACCOUNT))
    before = len(old_cluster.requests(USER))
    server = canopy(f"--kubeconfig={config}")
    for number in 0, 499, 500, 501, 999:
        assert server.data(name(f"web-{number}", space)) == "NXDOMAIN"
    metrics = server.metrics()
    assert metrics.sum("canopydns_watch_objects", kind="Service") >= 1000
    assert metrics.sum("canopydns_watch_streamed_lists_total") == 0
    assert metrics.sum("canopydns_watch_failures_total") == 0
    pages = asked(old_cluster, before, "list")["services"]
    assert len(pages) >= 3 and all("limit=500" in page for page in pages)
    assert all("continue=" in page for page in pages[1:])
    # The API server was asked once for each kind, and refused with a reason.
    refused = {event["requestURI"] for event in  # at its beginning and end
               old_cluster.requests(USER)[before:]
               if event["responseStatus"]["code"] == 422}
    assert len(refused) == 3
    assert all("sendInitialEvents=true" in uri for uri in refused)
    lines = server.log_lines("does not stream lists; listing in pages")
    assert len(lines) == 3
    assert all("WatchList feature gate" in line for line in lines)
