"""Objects that exist in clusters although no API server accepts them today.
Each bad element costs only itself.  Also the answers for such names."""

import json

import dns.message
import dns.query
import dns.rrset
import pytest

from ask import data, extended_errors, flags, question, rcode
from canopy import run
from files import manifest, write_by_rename
from hostile_api import HostileApi, list_of, reply
from kube_apiserver import objects
from until import PATIENCE, until

NAMES = {"namespaces": "Namespace", "services": "Service",
         "endpointslices": "EndpointSlice"}
LIST_VERSION = 100


def versioned(thing, version):
    return {**thing, "metadata": {**thing["metadata"],
                                  "resourceVersion": str(version)}}


class Stream:
    """An API server with a list of each kind at LIST_VERSION, and a watch whose
    events the test sends."""

    def __init__(self, **lists):
        self.lists = lists
        self.version = LIST_VERSION
        self._said = {}
        self.api = HostileApi(self._list, self._watch)

    def _list(self, request):
        items = self.lists.get(request.resource, [])
        return reply(list_of(request.resource, b",".join(
            json.dumps(item).encode() for item in items),
            version=str(self.version)))

    def _watch(self, request):
        """Each watch has its own events: those sent since it was requested."""
        said = self._said[request.resource] = []

        def events():
            yield (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                   b"Connection: close\r\n\r\n")
            sent = 0
            while said is self._said[request.resource]:
                try:
                    until(lambda: len(said) > sent or
                          said is not self._said[request.resource],
                          "an event", 60)
                except AssertionError:
                    return  # the test is over
                yield b"".join(said[sent:])
                sent = len(said)
        return events()

    def watches(self, resource):
        return len(self.api.times(resource, watch=True))

    def say(self, resource, kind, thing, version):
        event = {"type": kind, "object": versioned(thing, version)}
        self._said[resource].append(json.dumps(event).encode() + b"\n")


@pytest.fixture
def stream(canopy):
    """stream(services=[..]): a Stream, and a server that follows it."""
    opened = []

    def start(*flags, **lists):
        lists.setdefault("namespaces", [{"metadata": {"name": "a"}}])
        made = Stream(**lists)
        opened.append(made.api.__enter__())
        server = canopy(f"--kube-master-url={made.api.url}", *flags)
        server.until(lambda: all(made.watches(kind) for kind in NAMES),
                     "its watches")
        return made, server
    yield start
    for api in opened:
        api.__exit__()


def headless(name="db", **spec):
    return objects.service("a", name, clusterIP="None", **spec)


def db_slice(*endpoints, **how):
    return objects.endpoint_slice("a", "db", endpoints, **how)


DB = "db.a.svc.cluster.local"


# --- elements that cannot be read ---------------------------------------

def test_addresses_as_kubernetes_reads_them(serve):
    server = serve(
        headless(), db_slice("10.1.0.03", "010.001.0.4", "::ffff:10.1.0.5"),
        db_slice("2001:0db8::00007", family="IPv6", name="db-6"),
        objects.service("a", "web", clusterIP="10.96.0.010"))
    assert server.data(DB) == ["10.1.0.3", "10.1.0.4", "10.1.0.5"]
    assert server.data(DB, "AAAA") == ["2001:db8::7"]
    assert server.data("web.a.svc.cluster.local") == ["10.96.0.10"]
    assert server.data("10-1-0-3." + DB) == ["10.1.0.3"]


BAD_ENDPOINTS = {
    "an address that is none": {"addresses": ["10.1.0.x"]},
    "an address that is a number": {"addresses": [7]},
    "addresses that are no list": {"addresses": "10.1.0.9"},
    "an endpoint that is none": 7,
    "beside a good address": {"addresses": ["fe80::1%eth0", "10.1.0.2"]},
}


@pytest.mark.parametrize("bad", BAD_ENDPOINTS.values(),
                         ids=BAD_ENDPOINTS.keys())
def test_a_bad_endpoint_costs_itself(stream, bad):
    """In a list, and as an event: other endpoints are added and removed
    correctly."""
    def of(address):
        made = db_slice(address)
        made["endpoints"].append(bad)
        return made
    good = ["10.1.0.2"] if "10.1.0.2" in str(bad) else []
    api, server = stream(services=[headless()],
                         endpointslices=[of("10.1.0.1")])
    assert server.data(DB) == ["10.1.0.1", *good]
    api.say("endpointslices", "MODIFIED", of("10.1.0.7"), LIST_VERSION + 1)
    server.until(lambda: server.data(DB) == sorted(["10.1.0.7", *good]),
                 "the endpoint that took its place")
    warning, = server.log_lines("a/db-1 ")
    assert "EndpointSlice a/db-1 is served without" in warning
    assert server.metrics().sum("canopydns_watch_unread_elements_total",
                                kind="EndpointSlice") == 2


def test_other_bad_fields_cost_themselves(stream):
    """Fields of an endpoint, a slice and a Service: hostname, targetRef,
    conditions, a port, a label, a flag."""
    odd = db_slice({"addresses": ["10.1.0.1"], "hostname": "not.a.label",
                    "targetRef": 7, "conditions": []})
    odd["ports"] += [{"name": "big", "port": 70000}, 7, {"name": 9, "port": 1}]
    odd["metadata"]["labels"]["odd"] = 7
    web = objects.service("a", "web", clusterIP="10.96.0.1",
                          publishNotReadyAddresses="yes")
    web["spec"]["ports"].append({"name": "big", "port": "80"})
    web["metadata"]["labels"]["odd"] = None
    _, server = stream(services=[headless(), web], endpointslices=[odd])
    assert server.data(DB) == ["10.1.0.1"]
    assert server.data("10-1-0-1." + DB) == ["10.1.0.1"]
    assert server.data(f"_http._tcp.{DB}", "SRV") == [
        f"0 100 80 10-1-0-1.{DB}."]
    assert server.data("web.a.svc.cluster.local") == ["10.96.0.1"]
    assert server.data("_http._tcp.web.a.svc.cluster.local", "SRV") == [
        "0 100 80 web.a.svc.cluster.local."]
    assert not server.log_lines("is skipped")


def test_in_manifests_the_file_is_named(canopy, tmp_path):
    path = tmp_path / "slices.yaml"
    path.write_text("\n---\n".join(json.dumps(thing) for thing in (
        headless(), db_slice("10.1.0.x", "10.1.0.03"))))
    server = canopy(manifests=[path])
    assert server.data(DB) == ["10.1.0.3"]
    warning, = server.log_lines("10.1.0.x")
    assert "EndpointSlice a/db-1 is served without" in warning
    assert f"{path}:3: an endpoint's address" in warning
    checked = run("check", f"--manifests={path}", "--nameservers=127.0.0.1:9")
    assert checked.returncode == 0
    assert f"{path}:3: an endpoint's address" in checked.stderr


def test_an_event_of_an_unknown_type_is_passed_over(stream):
    api, server = stream(services=[headless()])
    api.say("services", "RENAMED", headless(), LIST_VERSION + 1)
    api.say("services", "ADDED", objects.service(
        "a", "web", clusterIP="10.96.0.1"), LIST_VERSION + 2)
    server.until(lambda: server.data("web.a.svc.cluster.local") ==
                 ["10.96.0.1"], "the event behind it")
    assert api.watches("services") == 1


def test_endpoints_of_leader_elections(serve):
    """They have names that no Service can have."""
    server = serve({"apiVersion": "v1", "kind": "Endpoints", "metadata": {
        "namespace": "a", "name": "k8s.io-minikube-hostpath"}},
        objects.service("a", "web", clusterIP="10.96.0.1"))
    assert server.data("web.a.svc.cluster.local") == ["10.96.0.1"]
    assert not server.log_lines("warning")


# --- a watch that goes back in time -------------------------------------

def web(ip):
    return objects.service("a", "web", clusterIP=ip)


BACKWARDS = {  # events, and what is true in the end
    "after a bookmark": ([("MODIFIED", "10.96.0.2", 110),
                          ("BOOKMARK", "10.96.0.2", 120),
                          ("MODIFIED", "10.96.0.1", 105)], ["10.96.0.2"]),
    "behind an event": ([("MODIFIED", "10.96.0.2", 110),
                         ("MODIFIED", "10.96.0.1", 109)], ["10.96.0.2"]),
    "the same version again": ([("MODIFIED", "10.96.0.2", 110),
                                ("MODIFIED", "10.96.0.1", 110)], ["10.96.0.2"]),
    "behind the list": ([("MODIFIED", "10.96.0.2", 99)], ["10.96.0.1"]),
    "a Service comes back": ([("DELETED", "10.96.0.1", 140),
                              ("ADDED", "10.96.0.1", 135)], "NXDOMAIN"),
}


@pytest.mark.parametrize("events, last", BACKWARDS.values(),
                         ids=BACKWARDS.keys())
def test_a_watch_that_goes_back_in_time(stream, events, last):
    name = "web.a.svc.cluster.local"
    api, server = stream(services=[web("10.96.0.1")])
    # The next list is as new as the newest event.
    api.lists["services"] = [] if last == "NXDOMAIN" else [web(last[0])]
    api.version = max(version for *_, version in events)
    for kind, ip, version in events:
        api.say("services", kind, web(ip), version)
    seen = set()

    def listed_again():
        seen.add(str(server.data(name)))
        return api.watches("services") > 1
    server.until(listed_again, "a new list")
    assert server.data(name) == last
    assert seen <= {str(["10.96.0.1"]), str(last)}
    assert len(api.api.times("services")) == 2
    assert server.log_lines("ignoring it and listing again")
    assert server.metrics().sum("canopydns_watch_back_in_time_total",
                                kind="Service") == 1


def test_versions_that_are_no_numbers_have_no_order(stream):
    name = "web.a.svc.cluster.local"
    api, server = stream(services=[web("10.96.0.1")])
    for ip, version in (("10.96.0.2", "b"), ("10.96.0.3", "a")):
        api.say("services", "MODIFIED", web(ip), version)
    server.until(lambda: server.data(name) == ["10.96.0.3"], "the last event")
    assert len(api.api.times("services")) == 1


# --- Endpoints beside slices --------------------------------------------

def endpoints(*ips):
    return {"apiVersion": "v1", "kind": "Endpoints",
            "metadata": {"namespace": "a", "name": "db"},
            "subsets": [{"addresses": [{"ip": ip} for ip in ips],
                         "ports": [{"name": "http", "port": 80}]}]}


def test_endpoints_serve_again_when_the_slices_are_gone(canopy, tmp_path):
    folder = tmp_path / "manifests"
    folder.mkdir()

    def write(name, *things):
        write_by_rename(folder / name, manifest(*things))
    write("1-endpoints.yaml", headless(), endpoints("10.1.0.1"))
    write("2-slices.yaml", db_slice("10.1.0.2"),
          db_slice("10.1.0.3", name="db-2"))
    server = canopy(manifests=[folder])
    assert server.data(DB) == ["10.1.0.2", "10.1.0.3"]
    write("2-slices.yaml", db_slice("10.1.0.3", name="db-2"))
    server.until(lambda: server.data(DB) == ["10.1.0.3"], "one slice less")
    # Hidden, but not forgotten.
    write("1-endpoints.yaml", headless(), endpoints("10.1.0.4"))
    write("2-slices.yaml", objects.namespace("a"))
    server.until(lambda: server.data(DB) == ["10.1.0.4"], "the Endpoints")
    assert server.data("3.0.1.10.in-addr.arpa", "PTR", "zone") == "NXDOMAIN"
    write("2-slices.yaml", db_slice("10.1.0.5"))
    server.until(lambda: server.data(DB) == ["10.1.0.5"], "a slice again")
    (folder / "2-slices.yaml").unlink()
    server.until(lambda: server.data(DB) == ["10.1.0.4"],
                 "the Endpoints, once more")


# --- names --------------------------------------------------------------

def test_strings_that_are_no_labels(serve):
    """With --endpoint-pod-names, the name of a static pod contains its node's
    dots."""
    def pod(address, name):
        return {"addresses": [address],
                "targetRef": {"kind": "Pod", "name": name}}
    server = serve(
        headless(),
        db_slice(pod("10.1.0.1", "etcd-ip-10-0-0-1.ec2.internal"),
                 pod("10.1.0.2", "db-0"), pod("10.1.0.3", "-x"),
                 pod("10.1.0.4", "x" * 64),
                 {"addresses": ["10.1.0.5"], "hostname": "a.b"},
                 ports=[("http", 80), ("we.b", 81)]),
        flags=["--endpoint-pod-names"])
    targets = [f"{label}.{DB}." for label in (
        "10-1-0-1", "10-1-0-3", "10-1-0-4", "10-1-0-5", "db-0")]
    assert [line.split()[-1] for line in server.data(
        f"_http._tcp.{DB}", "SRV")] == targets
    assert server.data("1.0.1.10.in-addr.arpa", "PTR") == targets[:1]
    assert server.data("5.0.1.10.in-addr.arpa", "PTR") == [targets[3]]
    page = server.page("/debug/zone?name=cluster.local").body
    assert "\\\\." not in page
    assert "we.b" not in page


def test_a_slice_port_without_a_number(serve):
    made = db_slice("10.1.0.1", ports=[("http", 80)])
    made["ports"] += [{"name": "any", "protocol": "TCP"}, {"name": "null",
                                                          "port": None}]
    server = serve(headless(), made)
    for known in ("_any._tcp", "_null._tcp", "_tcp"):
        assert server.data(f"{known}.{DB}", "SRV") == "NOERROR"
    for unknown in ("_any._udp", "_none._tcp"):
        assert server.data(f"{unknown}.{DB}", "SRV") == "NXDOMAIN"
    assert server.data(f"_http._tcp.{DB}", "SRV") == [f"0 100 80 10-1-0-1.{DB}."]


@pytest.mark.parametrize("tier", ["cache", "zone"])
def test_an_address_that_is_a_service_and_an_endpoint(serve, tier, manifest_file,
                                                      canopy):
    """PTR has only the ClusterIP's name.  It has the endpoint's name once the
    Service is gone."""
    web = objects.service("a", "web", clusterIP="10.96.0.1")
    things = [headless(), db_slice("10.96.0.1", "10.1.0.1"),
              objects.namespace("a")]
    file = manifest_file(web, *things)
    server = canopy(manifests=[file])
    name = "1.0.96.10.in-addr.arpa"
    assert server.data(name, "PTR", tier) == ["web.a.svc.cluster.local."]
    assert data(server.ask(name, "ANY", tier)) == ["web.a.svc.cluster.local."]
    assert server.data("1.0.1.10.in-addr.arpa", "PTR", tier) == [
        f"10-1-0-1.{DB}."]
    assert server.data(name, "TYPE65281", "zone") == "NOERROR"
    file.set(*things)
    server.until(lambda: server.data(name, "PTR", tier) == [
        f"10-96-0-1.{DB}."], "the endpoint's name")
    file.set(web, *things)
    server.until(lambda: server.data(name, "PTR", tier) == [
        "web.a.svc.cluster.local."], "the Service's name")


def external(name, target):
    return objects.service("a", name, ports=(), type="ExternalName",
                           externalName=target)


def name_of(service):
    return f"{service}.a.svc.cluster.local"


@pytest.mark.parametrize("tier", ["cache", "zone"])
@pytest.mark.parametrize("start, links, closes", [
    ("self", ["self"], "self"), ("ping", ["ping", "pong"], "pong"),
    ("pong", ["pong", "ping"], "ping"), ("CAPITAL", ["CAPITAL"], "CAPITAL"),
    ("in", ["in", "ping", "pong"], "pong")])
def test_external_name_loops(serve, tier, start, links, closes):
    server = serve(*[external(name, name_of(target)) for name, target in (
        ("self", "self"), ("ping", "pong"), ("pong", "ping"), ("in", "ping"),
        ("capital", "CAPITAL"))])
    for rtype in ("A", "AAAA", "TXT"):
        answer = dns.query.udp(
            question(name_of(start), rtype, edns=True), server.address,
            PATIENCE, server.tier_port(tier), ignore_unexpected=True,
            one_rr_per_rrset=True)  # twins are shown
        assert rcode(answer) == "SERVFAIL"
        assert [str(rrset.name).split(".")[0]
                for rrset in answer.answer] == links
        (code, text), = extended_errors(answer)
        assert code == 0
        assert f"Service a/{closes} " in text and "loop" in text
    assert not extended_errors(server.ask(name_of(start), "CNAME", tier,
                                          edns=True))


def test_a_chain_that_is_too_long_says_so(serve):
    server = serve(*[external(f"c{i}", name_of(f"c{i + 1}"))
                     for i in range(12)])
    answer = server.ask(name_of("c0"), edns=True)
    assert rcode(answer) == "SERVFAIL"
    (_, text), = extended_errors(answer)
    assert "more than 8" in text


@pytest.mark.parametrize("tier", ["cache", "zone"])
def test_an_external_name_into_our_reverse_zone(serve, upstream, tier):
    resolver = upstream(lambda query, tcp: None)
    server = serve(
        objects.service("a", "web", clusterIP="10.96.0.1"),
        objects.service("a", "six", clusterIP="fd00::1"),
        external("back", "1.0.96.10.in-addr.arpa"),
        external("twice", name_of("back")),
        external("back6", "1." + "0." * 29 + "d.f.ip6.arpa"),
        flags=[f"--nameservers={resolver.server}"])
    for name, target in (("back", "web"), ("twice", "web"), ("back6", "six")):
        assert server.data(name_of(name), "PTR", tier) == [name_of(target) + "."]
        answer = server.ask(name_of(name), "A", tier)  # exists, not of this type
        assert rcode(answer) == "NOERROR"
        assert len(answer.authority) == 1
        assert "arpa" in str(answer.authority[0].name)
    assert not resolver.asked


def test_a_reverse_name_that_we_lack_is_the_upstreams(serve, upstream):
    def script(query, tcp):
        made = dns.message.make_response(query)
        made.answer.append(dns.rrset.from_text(
            query.question[0].name, 60, "IN", "PTR", "far.example."))
        return made
    resolver = upstream(script)
    server = serve(objects.service("a", "web", clusterIP="10.96.0.1"),
                   external("out", "9.0.96.10.in-addr.arpa"),
                   external("hole", "96.10.in-addr.arpa"),
                   flags=[f"--nameservers={resolver.server}"])
    for name in ("out", "hole"):
        assert server.data(name_of(name), "PTR") == ["far.example."]


# --- pods ---------------------------------------------------------------

def test_a_terminating_pod_keeps_its_record(canopy, manifest_file):
    def pod(name, *ips, phase="Running", **metadata):
        return {"apiVersion": "v1", "kind": "Pod",
                "metadata": {"namespace": "a", "name": name, **metadata},
                "status": {"phase": phase, "podIP": ips[0] if ips else None,
                           "podIPs": [{"ip": ip} for ip in ips]}}
    going = {"deletionTimestamp": "2024-05-01T12:00:00Z"}
    file = manifest_file(pod("one", "10.1.0.1", "fd00::1", **going),
                         pod("done", "10.1.0.2", phase="Succeeded", **going),
                         pod("gone", **going))
    server = canopy("--pods=verified", manifests=[file])
    assert server.data("10-1-0-1.a.pod.cluster.local") == ["10.1.0.1"]
    assert server.data("fd00--1.a.pod.cluster.local", "AAAA") == ["fd00::1"]
    assert server.data("10-1-0-2.a.pod.cluster.local") == "NXDOMAIN"
    file.set(pod("one", **going), objects.namespace("a"))
    server.until(lambda: server.data("10-1-0-1.a.pod.cluster.local") ==
                 "NXDOMAIN", "the address to be gone")


# --- messages -----------------------------------------------------------

def many(count, name="db", first=0):
    return objects.endpoint_slice(
        "a", name, [f"10.{first + (i >> 16)}.{i >> 8 & 255}.{i & 255}"
                    for i in range(count)], name=f"{name}-{first}-{count}")


def test_above_64_kib_over_tcp(serve):
    server = serve(headless(), *[many(2000, first=i) for i in range(3)],
                   objects.service("a", "few", clusterIP="None"),
                   many(300, "few", 9))
    for tier in ("cache", "zone"):
        part = server.ask(DB, tier=tier, tcp=True)
        assert "TC" in flags(part)
        assert 4000 < len(data(part)) < 6000
        whole = server.ask(name_of("few"), tier=tier, tcp=True)
        assert "TC" not in flags(whole)
        assert len(data(whole)) == 300


def test_any_over_udp_is_one_rrset_that_fits(serve):
    """RFC 8482 4.1: never a large RRset if there is a small one."""
    six = objects.endpoint_slice("a", "db", ["fd00::1", "fd00::2"],
                                 family="IPv6", name="db-6", ports=())
    server = serve(headless(), many(300), six,
                   objects.service("a", "v4", clusterIP="None"),
                   many(300, "v4", 1))
    for _ in range(2):  # the second is the cache's
        for tcp in (True, False):
            for how in ({}, {"edns": True}):
                answer = server.ask(DB, "ANY", tcp=tcp, **how)
                assert "TC" not in flags(answer)
                assert data(answer) == ["fd00::1", "fd00::2"]
    # If no RRset fits: a part of one, with TC.
    answer = server.ask(name_of("v4"), "ANY")
    assert "TC" in flags(answer) and data(answer)
