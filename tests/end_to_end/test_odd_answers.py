"""Unusual answers of upstreams, with the real binary: with one upstream and
with two, over UDP and TCP, the first time and from the cache.  Each test prints
how many queries were sent, answered and lost."""

import socket
import struct
import types

import dns.message
import dns.name
import dns.rdatatype
import pytest

import raw_answer as raw
from ask import question, rcode
from kube_apiserver import objects
from raw_answer import QUESTION, name, record

SERVICE = "out.shop.svc.cluster.local"
NAME = "www.example.com"
SOA = name("ns.example.com") + name("h.example.com") + struct.pack(
    "!5I", 1, 2, 3, 4, 60)
SIGNATURE = bytes(18) + name("example.com") + b"signature"
A = bytes([192, 0, 2, 1])
WAYS = [(count, tcp) for count in (1, 2) for tcp in (False, True)]


@pytest.fixture(params=WAYS, ids=lambda way: (
    f"{way[0]}-upstream{'s' * (way[0] > 1)}-{'tcp' if way[1] else 'udp'}"))
def odd(request, serve, upstream):
    """odd(script): a server with upstreams that all answer like that, and an
    ExternalName Service that leads to NAME.  Its `ask` returns the reply and
    its octets; the second time they come from the cache."""
    count, tcp = request.param
    tally = {"asked": 0, "answered": 0}

    def start(script, external=NAME):
        outside = [upstream(script) for _ in range(count)]
        servers = ",".join(one.server for one in outside)
        server = serve(
            objects.namespace("shop"),
            objects.service("shop", "out", type="ExternalName",
                            externalName=external),
            flags=[f"--nameservers={servers}", "--query-case=always"])

        def ask(asked, rtype="A", **how):
            tally["asked"] += 1
            octets = exchange(server.port, question(asked, rtype, **how), tcp)
            reply = dns.message.from_wire(octets)
            tally["answered"] += rcode(reply) in ("NOERROR", "NXDOMAIN")
            return reply, octets
        return types.SimpleNamespace(
            ask=ask, server=server,
            asked=lambda: [query for one in outside for query, _ in one.asked])
    yield start
    lost = tally["asked"] - tally["answered"]
    print(f"{tally['asked']} questions asked, {tally['answered']} answered, "
          f"{lost} lost")
    assert lost == 0


def exchange(port, message, tcp):
    wire = message.to_wire()
    kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(30)
        client.connect(("127.0.0.1", port))
        if not tcp:
            client.send(wire)
            return client.recv(65535)
        client.sendall(struct.pack("!H", len(wire)) + wire)
        with client.makefile("rb") as stream:
            return stream.read(struct.unpack("!H", stream.read(2))[0])


def told(reply, section="answer"):
    """Returns `owner TYPE data` of each record, in the order of the message."""
    return [f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {item}"
            for rrset in getattr(reply, section) for item in rrset]


# --- the order of a chain ---------------------------------------------------

CHAIN = {"c": record("c.example.org", "A", 60, A),
         "a": record(NAME, "CNAME", 60, "b.example.net"),
         "b": record("b.example.net", "CNAME", 60, "c.example.org")}
IN_ORDER = [f"{NAME}. CNAME b.example.net.",
            "b.example.net. CNAME c.example.org.",
            "c.example.org. A 192.0.2.1"]


def test_a_chain_is_told_from_its_begin_on(odd):
    for order in "cab", "cba", "bac", "acb", "abc":
        server = odd(lambda query, tcp, order=order: raw.answer(
            query, [CHAIN[letter] for letter in order]))
        for _ in range(2):
            assert told(server.ask(NAME)[0]) == IN_ORDER, order
            assert told(server.ask(SERVICE)[0]) == [
                f"{SERVICE}. CNAME {NAME}.", *IN_ORDER], order


# --- the case of names ------------------------------------------------------

def last_labels(sent, count):
    return dns.name.Name(sent.labels[-count - 1:]).to_wire()


def first_label(sent, rest):
    return bytes([len(sent.labels[0])]) + sent.labels[0] + name(rest)


def spelled(reply):
    """Returns all names of a reply, and other rdata, except the TXT of
    COPIED."""
    return " ".join(f"{rrset.name} {item}" for section in reply.sections[1:]
                    for rrset in section for item in rrset
                    ).replace('"AbC"', "")


COPIED = {
    "SRV": lambda sent: bytes(6) + b"\3pod" + last_labels(sent, 2),
    "PTR": lambda sent: b"\1x" + last_labels(sent, 2),
    "MX": lambda sent: bytes(2) + b"\4mail" + last_labels(sent, 2),
    "NS": lambda sent: b"\2ns" + last_labels(sent, 1),
    "CNAME": lambda sent: first_label(sent, "elsewhere.test"),
    "NAPTR": lambda sent: bytes(7) + b"\1y" + last_labels(sent, 3),
    "SOA": lambda sent: (last_labels(sent, 3) + b"\1h" + last_labels(sent, 2) +
                         struct.pack("!5I", 1, 2, 3, 4, 60)),
    "TXT": lambda sent: b"\3AbC",
}


def test_our_random_case_never_leaves_the_server(odd):
    def script(query, _tcp):
        sent = query.question[0].name
        rtype = dns.rdatatype.to_text(query.question[0].rdtype)
        if rtype not in COPIED:
            return raw.answer(query)
        owner = sent.to_wire() if copies_owner else QUESTION
        return raw.answer(query, [record(owner, rtype, 60,
                                         COPIED[rtype](sent))])
    for copies_owner in True, False:
        server = odd(script)
        for rtype in COPIED:
            for asked in NAME, SERVICE, NAME, SERVICE:
                text = spelled(server.ask(asked, rtype)[0])
                assert text == text.lower(), rtype
        spellings = {str(query.question[0].name) for query in server.asked()}
        assert any(text != text.lower() for text in spellings), "no 0x20"


def test_our_random_case_is_not_in_a_denial(odd):
    def script(query, _tcp):
        zone = last_labels(query.question[0].name, 2)
        soa = b"\2ns" + zone + b"\1h" + zone + struct.pack("!5I", 1, 2, 3, 4, 9)
        return raw.answer(query, authority=[record(zone, "SOA", 60, soa)],
                          rcode=3)
    server = odd(script)
    for asked in NAME, SERVICE, NAME, SERVICE:
        text = spelled(server.ask(asked)[0])
        assert text == text.lower()


# --- what is not there ------------------------------------------------------

CNAME = record(QUESTION, "CNAME", 3600, "b.example.com")


def test_a_chain_to_nothing_is_kept_as_a_denial(odd):
    for code in 0, 3:
        server = odd(lambda query, tcp, code=code: raw.answer(
            query, [CNAME], [record("example.com", "SOA", 3600, SOA)],
            rcode=code))
        for asked in NAME, SERVICE:
            for _ in range(2):
                reply, _ = server.ask(asked)
                assert reply.rcode() == code
                (soa,) = reply.authority
                assert soa.ttl <= 60  # MINIMUM
        assert len(server.asked()) == 2


def test_a_chain_to_nothing_without_soa_is_not_kept(odd):
    server = odd(lambda query, tcp: raw.answer(query, [CNAME]))
    for asked in NAME, NAME, SERVICE, SERVICE:
        server.ask(asked)
    assert len(server.asked()) == 4


def test_a_chain_to_nothing_ends_with_its_soa(odd):
    soa = SOA[:-4] + struct.pack("!I", 1)
    server = odd(lambda query, tcp: raw.answer(
        query, [CNAME], [record("example.com", "SOA", 3600, soa)]))
    for asked in NAME, SERVICE:
        before = len(server.asked())

        def was_asked_twice(asked=asked, before=before):
            server.ask(asked)
            return len(server.asked()) > before + 1
        server.server.until(was_asked_twice, "the denial to expire")


# --- DNSSEC -----------------------------------------------------------------

PROOFS = [record("example.com", "SOA", 60, SOA),
          record("example.com", "RRSIG", 60, SIGNATURE),
          record("a.example.com", "NSEC", 60, name("c.example.com") +
                 b"\0\1\x40"),
          record("a.example.com", "NSEC3", 60,
                 b"\1\0\0\1\0\x14" + bytes(20) + b"\0\1\x40")]


def types_of(reply):
    return {dns.rdatatype.to_text(rrset.rdtype)
            for rrset in reply.answer + reply.authority}


def test_a_denial_without_do_has_its_soa_alone(odd):
    for code in 0, 3:
        server = odd(lambda query, tcp, code=code: raw.answer(
            query, authority=PROOFS, rcode=code))
        for _ in range(2):
            assert types_of(server.ask(NAME)[0]) == {"SOA"}
            assert types_of(server.ask(NAME, do=True)[0]) == {
                "SOA", "RRSIG", "NSEC", "NSEC3"}
            assert types_of(server.ask(SERVICE)[0]) == {"CNAME", "SOA"}
        assert len(server.asked()) == 3


def test_an_answer_without_do_has_no_signatures(odd):
    server = odd(lambda query, tcp: raw.answer(
        query, [record(QUESTION, "RRSIG", 60, SIGNATURE),
                record(QUESTION, "A", 60, A)]))
    for _ in range(2):
        assert types_of(server.ask(NAME)[0]) == {"A"}
        assert types_of(server.ask(NAME, edns=True)[0]) == {"A"}
        assert types_of(server.ask(NAME, do=True)[0]) == {"A", "RRSIG"}


# --- TTLs -------------------------------------------------------------------

def test_a_ttl_with_the_highest_bit_is_0(odd):
    ttls = {"a.test.": 0x80000000, "b.test.": 0x80000001, "c.test.": 0xFFFFFFFF}
    server = odd(lambda query, tcp: raw.answer(
        query, [record(QUESTION, "A", ttls.get(
            query.question[0].name.to_text().lower(), 0), A)]))
    for asked in ttls:
        for _ in range(2):
            assert [rrset.ttl for rrset in server.ask(asked)[0].answer] == [0]
    assert len(server.asked()) == 6


# --- compression ------------------------------------------------------------

COMPRESSED = {
    "SRV": (bytes(6) + b"\2n1" + QUESTION, b"\2n1\3www\7example\3com\0"),
    "NAPTR": (bytes(7) + b"\2n1" + QUESTION, b"\2n1\3www\7example\3com\0"),
    "DNAME": (QUESTION, b"\3www\7example\3com\0"),
    "HTTPS": (b"\0\1" + QUESTION, b"\0\1\3www\7example\3com\0"),
    "KX": (b"\0\1" + QUESTION, b"\0\1\3www\7example\3com\0"),
    "RP": (QUESTION + QUESTION, b"\3www\7example\3com\0" * 2),
}


def test_compressed_names_of_newer_types_are_expanded(odd):
    def script(query, _tcp):
        rtype = dns.rdatatype.to_text(query.question[0].rdtype)
        if rtype not in COMPRESSED:
            return raw.answer(query)
        return raw.answer(query, [record(QUESTION, rtype, 60,
                                         COMPRESSED[rtype][0])])
    server = odd(script)
    for rtype, (_, expanded) in COMPRESSED.items():
        for asked in NAME, SERVICE, NAME, SERVICE:
            _, octets = server.ask(asked, rtype)
            assert octets.endswith(expanded), (rtype, octets)


def test_no_name_has_more_than_eight_pointers(odd):
    """dnspython and Go's resolver require that.  Seventeen CNAMEs, each with a
    name below the previous one."""
    names = [NAME]
    for number in range(17):
        names.append(f"n{number}.{names[-1]}")
    chain = [record(owner, "CNAME", 60, target)
             for owner, target in zip(names, names[1:])]
    server = odd(lambda query, tcp: raw.answer(
        query, [*chain, record(names[-1], "A", 60, A)]))
    for asked in NAME, SERVICE, NAME, SERVICE:
        reply, octets = server.ask(asked, edns=True)
        assert told(reply)[-1] == f"{names[-1]}. A 192.0.2.1"
        assert raw.most_pointers(octets) <= 8


# --- the OPT record ---------------------------------------------------------

COOKIE, NSID, KEEPALIVE, PADDING, BOGUS = (
    (10, bytes(range(16))), (3, b"host"), (11, b"\0\1"), (12, bytes(20)),
    (15, b"\0\6no signature"))


def remarks(reply):
    assert {option.otype for option in reply.options} <= {15}, "hop by hop"
    return [(int(option.code), option.text) for option in reply.options]


def test_extended_errors_are_passed_on_and_no_other_option(odd):
    options = raw.opt(COOKIE, NSID, BOGUS, KEEPALIVE, PADDING)
    server = odd(lambda query, tcp: raw.answer(
        query, [record(QUESTION, "A", 60, A)], additional=[options]))
    for _ in range(2):
        for asked in NAME, SERVICE:
            reply, _ = server.ask(asked, edns=True)
            assert remarks(reply) == [(6, "no signature")]
            assert told(reply)[-1].endswith("A 192.0.2.1")
            assert server.ask(asked)[0].edns == -1
    assert len(server.asked()) == 2


def test_a_denial_keeps_its_extended_error(odd):
    for code in 0, 3:
        server = odd(lambda query, tcp, code=code: raw.answer(
            query, authority=[record("example.com", "SOA", 60, SOA)],
            additional=[raw.opt(BOGUS)], rcode=code))
        for _ in range(2):
            reply, _ = server.ask(NAME, edns=True)
            assert remarks(reply) == [(6, "no signature")]
        assert len(server.asked()) == 1


def test_a_failure_has_our_error_and_then_the_upstreams(serve, upstream):
    outside = upstream(lambda query, tcp: raw.answer(
        query, additional=[raw.opt(COOKIE, BOGUS)], rcode=2))
    server = serve(flags=[f"--nameservers={outside.server}"])
    for tcp in False, True:
        for ours in 22, 13:  # no reachable authority; then from the cache
            name_of_its_own = f"n{tcp:d}.example.com"
            reply = dns.message.from_wire(exchange(
                server.port, question(name_of_its_own, edns=True), tcp))
            assert rcode(reply) == "SERVFAIL"
            (code, text), theirs = remarks(reply)
            assert code == ours and "answered SERVFAIL" in text
            assert theirs == (6, "no signature")


def test_many_and_long_extended_errors_are_cut(odd):
    many = [(15, b"\0\6" + b"x" * 1000)] * 40
    server = odd(lambda query, tcp: raw.answer(
        query, [record(QUESTION, "A", 60, A)], additional=[raw.opt(*many)]))
    for _ in range(2):
        reply, octets = server.ask(NAME, edns=True)
        assert len(octets) <= 512
        assert remarks(reply)[0][0] == 6
        assert told(reply) == [f"{NAME}. A 192.0.2.1"]


def test_an_opt_in_the_wrong_section_is_skipped(odd):
    second = record(QUESTION, "A", 60, bytes([192, 0, 2, 2]))
    for answers in ([raw.opt(), record(QUESTION, "A", 60, A), second],
                    [record(QUESTION, "A", 60, A), raw.opt(), second]):
        server = odd(lambda query, tcp, answers=answers: raw.answer(
            query, answers))
        for _ in range(2):
            assert sorted(told(server.ask(NAME)[0])) == [
                f"{NAME}. A 192.0.2.1", f"{NAME}. A 192.0.2.2"]
