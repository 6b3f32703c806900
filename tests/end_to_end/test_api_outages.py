"""The API server goes away, hangs, or loses its history.  Answers continue, and
later changes are picked up afterwards."""

import signal
import threading

import dns.reversename
import pytest

from ask import extended_errors, rcode
from conftest import USER
from kube_apiserver import objects

pytestmark = pytest.mark.apiserver


def name(service, space):
    return f"{service}.{space}.svc.cluster.local"


def old_endpoint(space):
    """Returns an address for each test: space-1 has 10.244.9.1."""
    return f"10.244.9.{space.split('-')[1]}"


@pytest.fixture
def served(cluster, space, follow):
    """(server, address) of a server with a Service `web`."""
    stored = cluster.apply(objects.service(space, "web"),
                           objects.service(space, "old", clusterIP="None"),
                           objects.endpoint_slice(space, "old",
                                                  [old_endpoint(space)]))
    server = follow()
    assert server.data(name("old", space)) == [old_endpoint(space)]
    return server, [stored[0]["spec"]["clusterIP"]]


def until_served(server, service):
    where = service["metadata"]
    server.until(lambda: server.data(
        name(where["name"], where["namespace"])) == [
            service["spec"]["clusterIP"]], where["name"], seconds=40)


def test_killed_and_started_again(cluster, space, served):
    server, address = served
    cluster.kill_apiserver()
    server.until(lambda: server.metrics().sum(
        "canopydns_watch_failures_total") >= 3, "it to be missed")
    for tier in "cache", "zone":
        assert server.data(name("web", space), tier=tier) == address
        assert server.data(name("gone", space), tier=tier) == "NXDOMAIN"
    assert server.page("/readyz").status == 200
    assert server.log_lines("warning"), "nothing is said about it"
    cluster.start_apiserver()
    until_served(server, cluster.apply(objects.service(space, "new")))
    assert server.data(name("web", space)) == address
    assert server.page("/readyz").status == 200


def test_it_ends_in_order(cluster, space, served):
    server, address = served
    cluster.kill_apiserver(signal.SIGTERM)
    assert server.data(name("web", space)) == address
    cluster.start_apiserver()
    until_served(server, cluster.apply(objects.service(space, "new")))


def test_it_hangs(cluster, space, served):
    server, address = served
    cluster.pause_apiserver()
    try:
        for _ in range(20):
            assert server.data(name("web", space)) == address
        assert server.page("/readyz").status == 200
    finally:
        cluster.resume_apiserver()
    until_served(server, cluster.apply(objects.service(space, "new")))


def test_changes_nobody_saw_after_a_compaction(cluster, space, served):
    server, address = served
    for service in "new", "newer":
        assert server.data(name(service, space)) == "NXDOMAIN"
    with cluster.unseen():
        new = cluster.apply(objects.service(space, "new"))
        cluster.delete(objects.service(space, "old"),
                       objects.endpoint_slice(space, "old", []))
    until_served(server, new)
    server.until(lambda: server.data(name("old", space)) == "NXDOMAIN",
                 "the deleted Service to be gone")
    reverse = dns.reversename.from_address(old_endpoint(space)).to_text()
    server.until(lambda: server.data(reverse, "PTR", "zone") == "NXDOMAIN",
                 "its endpoint to be gone")
    assert server.data(name("web", space)) == address
    # The watch continues after the list.
    until_served(server, cluster.apply(objects.service(space, "newer")))


def test_its_watches_expire(cluster, space, served):
    server, address = served
    before = server.metrics().sum("canopydns_watch_resyncs_total")
    # The API server's resource versions are older than this.
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "data": {},
                   "metadata": {"name": "later", "namespace": space}})
    cluster.expire_watches()
    until_served(server, cluster.apply(objects.service(space, "new")))
    assert server.data(name("web", space)) == address
    server.until(lambda: server.metrics().sum(
        "canopydns_watch_resyncs_total") > before, "a new list")
    gone = [event for event in cluster.requests(USER)
            if event["responseStatus"]["code"] == 410]
    assert gone or server.log_lines("too old")


def test_nothing_is_denied_while_it_catches_up(cluster, space, served):
    """Names that exist before and after are answered at all times."""
    server, address = served
    stop, wrong, asked = threading.Event(), [], []

    def ask():
        while not stop.is_set():
            found = server.data(name("web", space))
            asked.append(found)
            if found != address:
                wrong.append(found)
    client = threading.Thread(target=ask)
    client.start()
    try:
        with cluster.unseen():
            new = cluster.apply(objects.service(space, "new"))
        until_served(server, new)
    finally:
        stop.set()
        client.join()
    assert wrong == [] and len(asked) > 100


def test_it_is_not_there_at_the_start(cluster, space, follow, kubeconfig):
    stored = cluster.apply(objects.service(space, "web"))
    cluster.kill_apiserver()
    try:
        server = follow(wait="listening")
        reply = server.ask(name("web", space), edns=True)
        assert rcode(reply) == "SERVFAIL"
        assert extended_errors(reply)[0][0] == 14
        assert server.page("/readyz").status == 503
    finally:
        cluster.start_apiserver()
    server.until_ready(40)
    assert server.data(name("web", space)) == [stored["spec"]["clusterIP"]]
    assert rcode(server.ask(name("gone", space))) == "NXDOMAIN"


def test_sighup_lists_again(served):
    server, _ = served
    before = server.metrics().sum("canopydns_watch_resyncs_total")
    server.signal(signal.SIGHUP)
    server.until(lambda: server.metrics().sum(
        "canopydns_watch_resyncs_total") >= before + 3, "three lists")


def test_sigterm_while_it_hangs(cluster, served):
    server, _ = served
    cluster.pause_apiserver()
    try:
        server.signal(signal.SIGHUP)  # a list is under way
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 0
    finally:
        cluster.resume_apiserver()
