"""Lists that are the first events of a watch: the answers while such a list
arrives, when it breaks off, and when another one replaces it."""

import itertools
import queue

import pytest

from ask import extended_errors, rcode
from hostile_api import HostileApi, end_of_list, event
from kube_apiserver import objects

HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n")
NAMES = "namespaces", "services", "endpointslices"


def name(service):
    return f"{service}.a.svc.cluster.local"


def chunk(octets):
    return b"%x\r\n%s\r\n" % (len(octets), octets)


class Streams:
    """An API server whose lists of Services a test sends; its other lists are
    complete at once."""

    def __init__(self):
        self._streams = queue.Queue()
        self.api = HostileApi(streams=self._answer)

    def _answer(self, request):
        said = queue.Queue()
        if request.resource == "services":
            self._streams.put(said)
        else:
            if request.resource == "namespaces":
                said.put(event("ADDED", 3, metadata={"name": "a"}))
            said.put(end_of_list(7))
        return itertools.chain([HEAD], map(chunk, iter(said.get, None)))

    def next(self):
        """Returns the next requested list, to send events to; sending None cuts
        it."""
        return self._streams.get(timeout=60)


@pytest.fixture
def streams():
    made = Streams()
    with made.api:
        yield made


def service(kind, version, service_name, ip):
    thing = objects.service("a", service_name, clusterIP=ip)
    return event(kind, version, **thing)


def test_a_list_and_its_watch_are_one_request(canopy, streams):
    server = canopy(f"--kube-master-url={streams.api.url}", wait="listening")
    stream = streams.next()
    stream.put(service("ADDED", 40, "web", "10.96.0.1"))
    stream.put(service("ADDED", 12, "old", "10.96.0.2"))
    stream.put(service("DELETED", 41, "old", "10.96.0.2"))
    stream.put(service("ADDED", 5, "api", "10.96.0.3"))
    # All of it, or nothing.
    reply = server.ask(name("web"), edns=True)
    assert rcode(reply) == "SERVFAIL"
    assert extended_errors(reply)[0][0] == 14
    assert server.page("/readyz").status == 503
    stream.put(end_of_list(42))
    server.until_ready()
    assert server.data(name("web")) == ["10.96.0.1"]
    assert server.data(name("api")) == ["10.96.0.3"]
    assert server.data(name("old")) == "NXDOMAIN"
    stream.put(service("MODIFIED", 43, "web", "10.96.0.4"))
    server.until(lambda: server.data(name("web")) == ["10.96.0.4"],
                 "the change")
    assert [len(streams.api.streamed(kind)) for kind in NAMES] == [1, 1, 1]
    assert len(streams.api.asked) == 3
    metrics = server.metrics()
    assert metrics.sum("canopydns_watch_streamed_lists_total") == 3
    assert metrics.sum("canopydns_watch_starts_total") == 3
    stream.put(None)
    server.until(lambda: streams.api.times("services", watch=True),
                 "the watch to go on")
    assert streams.api.asked[-1].query["resourceVersion"] == "43"
    assert server.metrics().sum("canopydns_watch_failures_total") == 0


def test_a_relist_that_breaks_off_changes_nothing(canopy, streams):
    """Neither objects in its first part nor the missing ones change."""
    server = canopy(f"--kube-master-url={streams.api.url}", wait="listening")
    stream = streams.next()
    for number, service_name in enumerate(("web", "api", "old"), 1):
        stream.put(service("ADDED", number, service_name, f"10.96.0.{number}"))
    stream.put(end_of_list(9))
    server.until_ready()
    stream.put(event("ERROR", 1, kind="Status", code=410))

    def served():
        return [server.data(name(one)) for one in ("web", "api", "old", "new")]
    before = [["10.96.0.1"], ["10.96.0.2"], ["10.96.0.3"], "NXDOMAIN"]
    for how in (None, event("ERROR", 1, kind="Status", code=500)):
        stream = streams.next()
        stream.put(service("ADDED", 1, "web", "10.96.0.1"))
        stream.put(service("ADDED", 3, "old", "10.96.0.3"))
        stream.put(service("DELETED", 20, "old", "10.96.0.3"))
        assert served() == before
        stream.put(how)
    stream = streams.next()
    assert served() == before
    stream.put(service("ADDED", 1, "web", "10.96.0.1"))
    stream.put(service("ADDED", 30, "new", "10.96.0.9"))
    stream.put(end_of_list(31))
    server.until(lambda: served() == [["10.96.0.1"], "NXDOMAIN", "NXDOMAIN",
                                      ["10.96.0.9"]], "the whole list")
    assert not streams.api.times("services")
    assert server.metrics().sum("canopydns_watch_failures_total",
                                kind="Service") == 3


@pytest.mark.slow
def test_a_plain_watch_in_its_place(canopy):
    """From a server that does not know the parameters: its lists never end."""
    def streams(request):
        yield HEAD + chunk(event("ADDED", 5, metadata={
            "name": "web", "namespace": "a"}))
        yield from iter(queue.Queue().get, None)

    with HostileApi(streams=streams) as api:
        server = canopy(f"--kube-master-url={api.url}", wait="listening")
        server.until_ready(60)
        assert len(server.log_lines("does not stream lists")) == 3
        assert [len(api.streamed(kind)) for kind in NAMES] == [1, 1, 1]
        assert [len(api.times(kind)) for kind in NAMES] == [1, 1, 1]
