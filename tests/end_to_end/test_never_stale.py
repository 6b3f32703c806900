"""Publishing invalidates the cache: once the serial has moved, the next answer
of the cache tier is right, whatever was cached."""

import pytest

from files import ConfigMapFolder, manifest, write_by_rename, write_in_place
from kube_apiserver import objects
from upstream import records

WEB = "web.shop.svc.cluster.local"
TRANSPORTS = [pytest.param(False, id="udp"), pytest.param(True, id="tcp")]

SHOP = objects.namespace("shop")


def web(address):
    return objects.service("shop", "web", clusterIP=address)


def db(*endpoints):
    return [objects.service("shop", "db", clusterIP="None"),
            objects.endpoint_slice("shop", "db", endpoints)]


class Folder:
    """A folder of manifests that is changed in one of several ways."""

    def __init__(self, path, how):
        self.path, self._how = path, how
        self._map = None
        if how == "symlink":
            self._map = ConfigMapFolder(path, {"objects.yaml": manifest()})
        else:
            path.mkdir()
            self.set()

    def set(self, *items):
        text = manifest(SHOP, *items)
        if self._map:
            self._map.swap({"objects.yaml": text})
        elif self._how == "rename":
            write_by_rename(self.path / "objects.yaml", text)
        else:
            write_in_place(self.path / "objects.yaml", text)


@pytest.fixture(params=["rename", "in place", "symlink"])
def folder(request, tmp_path):
    return Folder(tmp_path / "manifests", request.param)


class Change:
    """Objects before and after; the queries, and their answers before and
    after."""

    def __init__(self, before, after, *questions):
        self.before, self.after, self.questions = before, after, questions


ABSENT, NODATA = "NXDOMAIN", "NOERROR"
CHANGES = {
    "a name cached as NXDOMAIN appears": Change(
        [], [web("10.96.0.2")],
        (WEB, "A", ABSENT, ["10.96.0.2"]),
        (WEB, "AAAA", ABSENT, NODATA),
        ("_http._tcp." + WEB, "SRV", ABSENT, ["0 100 80 " + WEB + "."]),
        ("2.0.96.10.in-addr.arpa", "PTR", "SERVFAIL", [WEB + "."])),
    "a family cached as NODATA appears": Change(
        [web("10.96.0.2")],
        [objects.service("shop", "web", clusterIP="10.96.0.2",
                         clusterIPs=["10.96.0.2", "fd00::2"],
                         ipFamilies=["IPv4", "IPv6"])],
        (WEB, "AAAA", NODATA, ["fd00::2"]),
        (WEB, "A", ["10.96.0.2"], ["10.96.0.2"])),
    "a ClusterIP changes": Change(
        [web("10.96.0.2")], [web("10.96.0.3")],
        (WEB, "A", ["10.96.0.2"], ["10.96.0.3"]),
        ("3.0.96.10.in-addr.arpa", "PTR", "SERVFAIL", [WEB + "."])),
    "a Service goes": Change(
        [web("10.96.0.2")], [],
        (WEB, "A", ["10.96.0.2"], ABSENT),
        (WEB, "MX", NODATA, ABSENT),
        ("2.0.96.10.in-addr.arpa", "PTR", [WEB + "."], "SERVFAIL")),
    "an endpoint comes and another goes": Change(
        db("10.0.0.1", "10.0.0.2"), db("10.0.0.2", "10.0.0.3"),
        ("db.shop.svc.cluster.local", "A",
         ["10.0.0.1", "10.0.0.2"], ["10.0.0.2", "10.0.0.3"]),
        ("10-0-0-1.db.shop.svc.cluster.local", "A", ["10.0.0.1"], ABSENT),
        ("10-0-0-3.db.shop.svc.cluster.local", "A", ABSENT, ["10.0.0.3"])),
    "the last endpoint goes": Change(
        db("10.0.0.1"), db(),
        ("db.shop.svc.cluster.local", "A", ["10.0.0.1"], ABSENT)),
    "a port is renamed": Change(
        [web("10.96.0.2")],
        [objects.service("shop", "web", [("www", 80)], clusterIP="10.96.0.2")],
        ("_http._tcp." + WEB, "SRV", ["0 100 80 " + WEB + "."], ABSENT),
        ("_www._tcp." + WEB, "SRV", ABSENT, ["0 100 80 " + WEB + "."])),
}


def expect(server, questions, which, tcp):
    for name, rtype, *answers in questions:
        assert (name, rtype, server.data(name, rtype, tcp=tcp)) == (
            name, rtype, answers[which])


@pytest.mark.parametrize("tcp", TRANSPORTS)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_next_answer_is_right(canopy, folder, change, tcp):
    folder.set(*change.before)
    server = canopy("--workers=2", manifests=[folder.path])
    for _ in range(2):  # the second time from the cache
        expect(server, change.questions, 0, tcp)
    serial = server.serial()
    folder.set(*change.after)
    server.until_serial_moves(serial)
    expect(server, change.questions, 1, tcp)


@pytest.mark.parametrize("tcp", TRANSPORTS)
def test_the_zone_tier_is_right_too(canopy, folder, tcp):
    folder.set(web("10.96.0.2"))
    server = canopy(manifests=[folder.path])
    assert server.data(WEB, tier="zone", tcp=tcp) == ["10.96.0.2"]
    serial = server.serial()
    folder.set(web("10.96.0.3"))
    server.until_serial_moves(serial)
    assert server.data(WEB, tier="zone", tcp=tcp) == ["10.96.0.3"]


def test_a_change_needs_no_more_than_two_seconds(canopy, folder):
    folder.set(web("10.96.0.2"))
    server = canopy(manifests=[folder.path])
    serial = server.serial()
    folder.set(web("10.96.0.3"))
    server.until(lambda: server.serial() != serial, "the change", seconds=2)


def test_a_hundred_changes(serve, manifest_file, canopy):
    file = manifest_file(SHOP, web("10.96.0.0"))
    server = canopy("--workers=2", manifests=[file])
    for number in range(1, 101):
        serial = server.serial()
        assert server.data(WEB) == [f"10.96.0.{number - 1}"]
        file.set(SHOP, web(f"10.96.0.{number}"))
        server.until_serial_moves(serial)
        assert server.data(WEB) == [f"10.96.0.{number}"], number
        assert server.data(WEB, tcp=True) == [f"10.96.0.{number}"], number


def test_a_chain_out_of_the_zone_follows_the_zone(
        canopy, manifest_file, upstream):
    outside = upstream(records("one.example.com. 600 IN A 192.0.2.1",
                               "two.example.com. 600 IN A 192.0.2.2"))

    def alias(target):
        return objects.service("shop", "out", type="ExternalName",
                               externalName=target)
    file = manifest_file(SHOP, alias("one.example.com"))
    server = canopy(f"--nameservers={outside.server}", manifests=[file])
    name = "out.shop.svc.cluster.local"
    for _ in range(2):
        assert server.data(name) == ["192.0.2.1"]
    assert server.forwarded() == 1
    serial = server.serial()
    file.set(SHOP, alias("two.example.com"))
    server.until_serial_moves(serial)
    assert server.data(name) == ["192.0.2.2"]


@pytest.mark.parametrize("outside", [
    [], ["2.0.96.10.in-addr.arpa. 600 IN PTR elsewhere.test."]],
    ids=["denied", "answered"])
def test_a_reverse_name_becomes_ours_and_goes_back(
        canopy, manifest_file, upstream, outside):
    resolver = upstream(records(*outside))
    file = manifest_file(SHOP)
    server = canopy(f"--nameservers={resolver.server}", manifests=[file])
    reverse = "2.0.96.10.in-addr.arpa", "PTR"
    theirs = ["elsewhere.test."] if outside else "NXDOMAIN"
    for _ in range(2):
        assert server.data(*reverse) == theirs
    for objects_now, wanted in ([web("10.96.0.2")], [WEB + "."]), ([], theirs):
        serial = server.serial()
        file.set(SHOP, *objects_now)
        server.until_serial_moves(serial)
        assert server.data(*reverse) == wanted


def test_a_change_elsewhere_keeps_what_an_upstream_said(
        canopy, manifest_file, upstream):
    outside = upstream(records("www.example.com. 600 IN A 192.0.2.1",
                               "8.8.8.8.in-addr.arpa. 600 IN PTR dns.test."))
    file = manifest_file(SHOP)
    server = canopy(f"--nameservers={outside.server}", manifests=[file])
    asked = [("www.example.com", "A"), ("8.8.8.8.in-addr.arpa", "PTR")]
    before = [server.data(*question) for question in asked]
    assert before == [["192.0.2.1"], ["dns.test."]]
    serial = server.serial()
    file.set(SHOP, web("10.96.0.2"))
    server.until_serial_moves(serial)
    assert [server.data(*question) for question in asked] == before
    assert server.forwarded() == 2
