"""A dig session, as a user has it with the kinds of Services in
deploy/example."""

import re

import pytest

from ask import rcode
from canopy import Canopy
from closed_port import ClosedPort
from dig import dig, short
from files import manifest
from kube_apiserver import objects
from upstream import Upstream, records

SVC = "shop.svc.cluster.local"
OBJECTS = [
    objects.namespace("shop"), objects.namespace("bare"),
    objects.service("shop", "web", [("http", 80), ("https", 443)],
                    clusterIP="10.96.0.2"),
    objects.service("shop", "both", clusterIP="10.96.0.3",
                    clusterIPs=["10.96.0.3", "fd00:10:96::3"],
                    ipFamilies=["IPv4", "IPv6"]),
    objects.service("shop", "db", [("sql", 5432)], clusterIP="None"),
    objects.endpoint_slice("shop", "db", [
        {"addresses": ["10.244.0.7"], "hostname": "db-0",
         "conditions": {"ready": True}},
        {"addresses": ["10.244.0.8"], "conditions": {"ready": True}},
        {"addresses": ["10.244.0.9"], "conditions": {"ready": False}}],
        [("sql", 5432)]),
    objects.service("shop", "idle", clusterIP="None"),
    objects.service("shop", "out", type="ExternalName",
                    externalName="www.example.com"),
    objects.service("shop", "alias", type="ExternalName",
                    externalName="web." + SVC),
    objects.service("shop", "nowhere", type="ExternalName",
                    externalName="gone." + SVC),
    objects.service("shop", "loop", type="ExternalName",
                    externalName="loop." + SVC),
    objects.service("shop", "address", type="ExternalName",
                    externalName="192.0.2.99"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dig")
    (folder / "objects.yaml").write_text(manifest(*OBJECTS))
    script = records("www.example.com. 300 IN A 192.0.2.1",
                     "8.8.8.8.in-addr.arpa. 300 IN PTR dns.test.")
    with Upstream(script) as outside, Canopy(
            folder, f"--nameservers={outside.server}",
            manifests=[folder / "objects.yaml"]) as running:
        yield running


@pytest.mark.parametrize("tier", ["cache", "zone"])
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize("words, answer", [
    (["web." + SVC], ["10.96.0.2"]),
    (["WEB.Shop.SVC.cluster.LOCAL"], ["10.96.0.2"]),
    (["both." + SVC, "A"], ["10.96.0.3"]),
    (["both." + SVC, "AAAA"], ["fd00:10:96::3"]),
    (["db." + SVC], ["10.244.0.7", "10.244.0.8"]),
    (["db-0.db." + SVC], ["10.244.0.7"]),
    (["10-244-0-8.db." + SVC], ["10.244.0.8"]),
    (["10-244-0-9.db." + SVC], []),
    (["idle." + SVC], []),
    (["_sql._tcp.db." + SVC, "SRV"],
     ["0 50 5432 10-244-0-8.db." + SVC + ".", "0 50 5432 db-0.db." + SVC + "."]),
    (["web." + SVC, "SRV"],
     ["0 50 443 web." + SVC + ".", "0 50 80 web." + SVC + "."]),
    (["-x", "10.96.0.2"], ["web." + SVC + "."]),
    (["-x", "fd00:10:96::3"], ["both." + SVC + "."]),
    (["-x", "10.244.0.7"], ["db-0.db." + SVC + "."]),
    (["10-1-2-3.shop.pod.cluster.local"], ["10.1.2.3"]),
    (["alias." + SVC], ["10.96.0.2", "web." + SVC + "."]),
    (["alias." + SVC, "CNAME"], ["web." + SVC + "."]),
    (["address." + SVC], []),
    (["dns-version.cluster.local", "TXT"], ['"1.1.0"']),
    (["cluster.local", "NS"], ["ns.dns.cluster.local."]),
])
def test_short(server, tier, transport, words, answer):
    assert short(server.tier_port(tier), transport, *words) == answer


def header(text):
    """Returns dig's status and flags."""
    status = re.search(r"status: (\w+),", text)[1]
    return status, re.search(r";; flags: ([a-z ]*);", text)[1].split()


@pytest.mark.parametrize("words, status, flags", [
    (["web." + SVC], "NOERROR", ["qr", "aa", "rd"]),
    (["web." + SVC, "+norecurse"], "NOERROR", ["qr", "aa"]),
    (["web." + SVC, "AAAA"], "NOERROR", ["qr", "aa", "rd"]),
    (["web." + SVC, "+cdflag"], "NOERROR", ["qr", "aa", "rd", "cd"]),
    (["gone." + SVC], "NXDOMAIN", ["qr", "aa", "rd"]),
    (["idle." + SVC], "NXDOMAIN", ["qr", "aa", "rd"]),
    (["gone.nowhere.svc.cluster.local"], "NXDOMAIN", ["qr", "aa", "rd"]),
    (["nowhere.svc.cluster.local"], "NXDOMAIN", ["qr", "aa", "rd"]),
    (["bare.svc.cluster.local"], "NOERROR", ["qr", "aa", "rd"]),
    (["svc.cluster.local"], "NOERROR", ["qr", "aa", "rd"]),
    (["pod.cluster.local"], "NOERROR", ["qr", "aa", "rd"]),
    (["nowhere." + SVC], "NXDOMAIN", ["qr", "aa", "rd"]),
    (["address." + SVC], "NXDOMAIN", ["qr", "aa", "rd"]),
])
def test_status_and_flags_of_cluster_names(server, words, status, flags):
    for tier in "cache", "zone":
        text = dig(server.tier_port(tier), *words)
        found = header(text)
        found[1][:] = [flag for flag in found[1] if flag != "ra"]
        assert found == (status, flags), text


def test_outside_names(server):
    text = dig(server.port, "www.example.com")
    assert header(text) == ("NOERROR", ["qr", "rd", "ra"]), text
    assert short(server.port, "www.example.com") == ["192.0.2.1"]
    assert short(server.port, "out." + SVC) == [
        "192.0.2.1", "www.example.com."]
    assert short(server.port, "-x", "8.8.8.8") == ["dns.test."]


def test_the_zone_tier_knows_no_outside(server):
    assert header(dig(server.zone_port, "www.example.com"))[0] == "REFUSED"
    assert header(dig(server.zone_port, "-x", "8.8.8.8"))[0] == "NXDOMAIN"
    assert short(server.zone_port, "out." + SVC) == ["www.example.com."]


def test_a_negative_answer_has_the_soa(server):
    text = dig(server.port, "gone." + SVC)
    assert re.search(r"(?m)^cluster\.local\.\s+5\s+IN\s+SOA\s+ns\.dns\.cluster"
                     r"\.local\. hostmaster\.cluster\.local\. \d+ 7200 1800 "
                     r"86400 5$", text), text


def test_srv_brings_the_addresses_along(server):
    text = dig(server.port, "_sql._tcp.db." + SVC, "SRV")
    additional = text.split("ADDITIONAL SECTION:")[1]
    for line in (rf"db-0\.db\.{SVC}\.\s+30\s+IN\s+A\s+10\.244\.0\.7",
                 rf"10-244-0-8\.db\.{SVC}\.\s+30\s+IN\s+A\s+10\.244\.0\.8"):
        assert re.search(line, additional), text


def test_any_is_minimal(server):
    text = dig(server.port, "both." + SVC, "ANY", "+notcp")
    assert header(text)[0] == "NOERROR"
    assert "ANSWER: 1," in text, text


def test_a_loop_ends(server):
    for tier in "cache", "zone":
        status, _ = header(dig(server.tier_port(tier), "loop." + SVC))
        assert status in ("NOERROR", "SERVFAIL")


def test_an_address_as_external_name_is_one_warning(server):
    warning, = server.log_lines("warning")
    assert warning.count("Service shop/address") == 1
    assert '"192.0.2.99" is an address' in warning


def test_who_answers(server):
    words = short(server.port, "CH", "TXT", "version.bind")
    assert len(words) == 1 and "CanopyDNS" in words[0]
    assert len(short(server.port, "CH", "TXT", "hostname.bind")) == 1


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("rtype", ["AXFR", "IXFR"])
@pytest.mark.parametrize("tier", ["cache", "zone"])
def test_transfers_are_refused(server, rtype, tcp, tier):
    assert rcode(server.ask("cluster.local", rtype, tier, tcp=tcp)) == "REFUSED"


def test_dig_says_which_upstream_fails(serve):
    nowhere = ClosedPort()
    server = serve(flags=[f"--nameservers={nowhere.server}"])
    text = dig(server.port, "www.example.com")
    nowhere.close()
    assert header(text)[0] == "SERVFAIL"
    found = re.search(r"; EDE: 22 \(No Reachable Authority\): \((.*)\)", text)
    assert found and nowhere.server in found[1], text


def test_dig_says_that_data_is_not_in_yet(canopy):
    nowhere = ClosedPort()
    server = canopy(f"--kube-master-url=http://{nowhere.server}",
                    wait="listening")
    text = dig(server.port, "web." + SVC)
    nowhere.close()
    assert header(text)[0] == "SERVFAIL"
    assert re.search(r"; EDE: 14 \(Not Ready\): \(.+\)", text), text
