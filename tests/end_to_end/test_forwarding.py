"""Names outside the cluster: forwarded whole, and cached by their TTLs."""

import dns.edns
import dns.flags
import pytest

from ask import data, extended_errors, flags, lines, rcode
from closed_port import ClosedPort
from kube_apiserver import objects
from upstream import fails, records, respond

TRANSPORTS = [pytest.param(False, id="udp"), pytest.param(True, id="tcp")]
NAME = "www.example.com"
MANY = [f"{NAME}. 60 IN A 192.0.2.{i}" for i in range(1, 61)]  # 989 octets
HUGE = [f"{NAME}. 60 IN TXT \"{i:03} {'x' * 200}\"" for i in range(200)]


@pytest.fixture
def forwards(serve, upstream):
    """forwards(script): (server, upstream)."""
    def start(script, *more):
        outside = upstream(script)
        return serve(flags=[f"--nameservers={outside.server}", *more]), outside
    return start


def test_an_answer_comes_through(forwards):
    server, _ = forwards(records(f"{NAME}. 60 IN A 192.0.2.1"))
    reply = server.ask(NAME)
    assert lines(reply.answer) == [f"{NAME}. 60 IN A 192.0.2.1"]
    assert flags(reply) == {"RD", "RA"}
    assert server.forwarded() == 1


@pytest.mark.parametrize("rtype, text", [
    ("MX", "10 mail.example.com."), ("TXT", '"a" "b"'),
    ("CAA", '0 issue "ca.test"'), ("HTTPS", '1 . alpn="h2"'),
    ("SOA", "a.test. b.test. 1 2 3 4 5"), ("NS", "ns.example.com."),
    ("TYPE65400", r"\# 3 010203"), ("NAPTR", '1 2 "u" "E2U" "!a!b!" .'),
])
def test_every_type_comes_through(forwards, rtype, text):
    server, _ = forwards(records(f"{NAME}. 60 IN {rtype} {text}"))
    for _ in range(2):
        assert data(server.ask(NAME, rtype)) == [text]


def test_a_second_question_is_answered_from_the_cache(forwards):
    server, _ = forwards(records(f"{NAME}. 60 IN A 192.0.2.1"))
    for name in NAME, NAME.upper(), NAME:
        assert server.data(name) == ["192.0.2.1"]
        assert server.data(name, tcp=True) == ["192.0.2.1"]
    assert server.forwarded() == 1


def test_the_case_of_the_question_is_echoed(forwards):
    server, _ = forwards(records(f"{NAME}. 60 IN A 192.0.2.1"))
    for name in "WwW.eXample.COM", "wWw.ExaMPLe.com":
        reply = server.ask(name)
        assert reply.question[0].name.to_text() == name + "."


@pytest.mark.parametrize("absent, wanted", [
    ("NXDOMAIN", "NXDOMAIN"), ("NODATA", "NOERROR")])
def test_negative_answers_are_cached(forwards, absent, wanted):
    known = [] if absent == "NXDOMAIN" else [f"{NAME}. 60 IN AAAA ::1"]
    server, _ = forwards(records(*known))
    for _ in range(3):
        reply = server.ask(NAME)
        assert (rcode(reply), reply.answer) == (wanted, [])
        assert " SOA " in lines(reply.authority)[0]
    assert server.forwarded() == 1


def test_ttl_zero_is_not_cached(forwards):
    server, _ = forwards(records(f"{NAME}. 0 IN A 192.0.2.1"))
    for _ in range(3):
        assert server.data(NAME) == ["192.0.2.1"]
    assert server.forwarded() == 3


def test_cached_ttls_count_down(forwards):
    server, _ = forwards(records(f"{NAME}. 600 IN A 192.0.2.1"))
    first = server.ask(NAME).answer[0].ttl
    assert first == 600
    server.until(lambda: server.ask(NAME).answer[0].ttl < first,
                 "a TTL below 600")
    assert server.forwarded() == 1


def test_a_big_answer_needs_edns_over_udp(forwards):
    server, outside = forwards(records(*MANY))
    for _ in range(2):
        reply = server.ask(NAME, edns=True, payload=1232)
        assert "TC" not in flags(reply) and len(data(reply)) == 60
        assert "TC" in flags(server.ask(NAME))
        assert "TC" in flags(server.ask(NAME, edns=True, payload=600))
        assert len(data(server.ask(NAME, tcp=True))) == 60
    assert server.forwarded() == 1
    # c-ares 1.18 asks again over TCP for what exceeds 512 octets.
    (_, first_over_tcp), *_ = outside.asked
    assert not first_over_tcp


def test_a_huge_answer_is_fetched_over_tcp(forwards):
    def script(query, tcp):
        return (respond(query, *HUGE) if tcp else
                respond(query, truncated=True))
    server, outside = forwards(script)
    for _ in range(2):
        assert "TC" in flags(server.ask(NAME, "TXT", edns=True, payload=4096))
        reply = server.ask(NAME, "TXT", tcp=True)
        assert "TC" not in flags(reply) and len(data(reply)) == 200
    assert [tcp for _, tcp in outside.asked].count(True) >= 1


def test_do_and_ad_come_through(forwards):
    rrsig = (f"{NAME}. 60 IN RRSIG A 8 3 60 20360101000000 20260101000000 1 "
             "example.com. AAAA")

    def script(query, _tcp):
        signed = query.ednsflags & dns.flags.DO
        return respond(query, f"{NAME}. 60 IN A 192.0.2.1",
                       *([rrsig] if signed else []), authentic=True)
    server, outside = forwards(script)
    for _ in range(2):
        reply = server.ask(NAME, do=True)
        assert any(" RRSIG " in line for line in lines(reply.answer))
        assert "AD" in flags(reply) and reply.ednsflags & dns.flags.DO
        plain = server.ask(NAME)
        assert lines(plain.answer) == [f"{NAME}. 60 IN A 192.0.2.1"]
        assert plain.edns == -1
        # RFC 6840 5.7: AD says "I understand AD".
        assert "AD" in flags(server.ask(NAME, flags=("RD", "AD")))
    assert any(query.ednsflags & dns.flags.DO for query, _ in outside.asked)


def test_cd_comes_through(forwards):
    def script(query, _tcp):
        if query.flags & dns.flags.CD:
            return respond(query, f"{NAME}. 60 IN A 192.0.2.1")
        return respond(query, rcode="SERVFAIL")
    server, _ = forwards(script)
    assert rcode(server.ask(NAME)) == "SERVFAIL"
    reply = server.ask(NAME, flags=("RD", "CD"))
    assert data(reply) == ["192.0.2.1"] and "CD" in flags(reply)
    assert rcode(server.ask(NAME)) == "SERVFAIL"


def test_an_upstream_that_knows_no_edns(forwards):
    def script(query, _tcp):
        if query.edns >= 0:
            return respond(query, rcode="FORMERR")
        return respond(query, f"{NAME}. 60 IN A 192.0.2.1")
    server, _ = forwards(script)
    reply = server.ask(NAME, edns=True)
    assert data(reply) == ["192.0.2.1"] and reply.edns == 0


def test_unknown_options_of_a_client_are_ignored(forwards):
    server, _ = forwards(records(f"{NAME}. 60 IN A 192.0.2.1"))
    reply = server.ask(NAME, options=[dns.edns.GenericOption(65001, b"x"),
                                      dns.edns.GenericOption(10, b"12345678")])
    assert data(reply) == ["192.0.2.1"] and reply.edns == 0


@pytest.mark.parametrize("tcp", TRANSPORTS)
@pytest.mark.parametrize("bad", ["SERVFAIL", "REFUSED"])
def test_a_failure_of_all_is_passed_on(forwards, bad, tcp):
    server, _ = forwards(fails(bad))
    assert rcode(server.ask(NAME, tcp=tcp)) == bad


@pytest.mark.parametrize("tcp", TRANSPORTS)
@pytest.mark.parametrize("bad", ["SERVFAIL", "REFUSED"])
def test_a_failure_says_which_upstream_answered_what(serve, upstream, bad, tcp):
    failing, closed = upstream(fails(bad)), ClosedPort()
    server = serve(
        flags=[f"--nameservers={failing.server},{closed.server}"])
    for name in "a.example.com", "b.example.com":  # in either order
        reply = server.ask(name, edns=True, tcp=tcp)
        (code, text), = extended_errors(reply)
        assert (rcode(reply), code) == (bad, 22)
        assert f"{failing.server} answered {bad}" in text, text
        assert f"{closed.server} is unreachable" in text, text
        assert text.endswith(" ms") and len(text) < 100, text
    closed.close()


def test_no_answer_at_all_is_servfail_and_says_why(forwards):
    server, outside = forwards(lambda query, tcp: None)
    reply = server.ask(NAME, edns=True)
    assert rcode(reply) == "SERVFAIL"
    (code, text), = extended_errors(reply)
    assert code == 22 and f"{outside.server} timed out" in text, text
    assert extended_errors(server.ask(NAME)) == []


def test_the_chain_out_of_the_zone_is_completed(serve, upstream):
    outside = upstream(records(f"{NAME}. 60 IN A 192.0.2.1"))
    server = serve(
        objects.namespace("shop"),
        objects.service("shop", "out", type="ExternalName",
                        externalName=NAME),
        flags=[f"--nameservers={outside.server}"])
    name = "out.shop.svc.cluster.local"
    for _ in range(2):
        reply = server.ask(name)
        assert lines(reply.answer) == [f"{name}. 30 IN CNAME {NAME}.",
                                       f"{NAME}. 60 IN A 192.0.2.1"]
        assert reply.answer[0].name.to_text() == name + "."
    assert rcode(server.ask(name, "AAAA")) == "NOERROR"


@pytest.mark.parametrize("name", [
    "gone.shop.svc.cluster.local", "cluster.local", "a.b.c.cluster.local",
    "_x._tcp.CLUSTER.local", "ns.dns.cluster.local", "pod.cluster.local",
    "1-2-3-4.nowhere.pod.cluster.local"])
def test_cluster_names_never_leave(serve, upstream, name):
    outside = upstream(records())
    server = serve(objects.namespace("shop"),
                   flags=[f"--nameservers={outside.server}"])
    for rtype in "A", "AAAA", "SRV", "TXT", "NS", "SOA", "ANY", "DS":
        server.ask(name, rtype)
        server.ask(name, rtype, tcp=True, edns=True)
    server.ask("sentinel.example.com")
    assert set(outside.names()) == {"sentinel.example.com."}


def test_cluster_names_never_leave_before_data_is_in(canopy, upstream):
    outside = upstream(records("sentinel.example.com. 60 IN A 192.0.2.1"))
    nowhere = ClosedPort()
    server = canopy(f"--kube-master-url=http://{nowhere.server}",
                    f"--nameservers={outside.server}", wait="listening")
    assert rcode(server.ask("web.shop.svc.cluster.local")) == "SERVFAIL"
    assert server.data("sentinel.example.com") == ["192.0.2.1"]
    assert set(outside.names()) == {"sentinel.example.com."}
    nowhere.close()
