"""Packets as octets: each class of them gets the result in the contract."""

import random
import socket
import struct

import dns.flags
import dns.message
import pytest

from ask import ask, data, flags, rcode
from canopy import Canopy
from files import manifest
from kube_apiserver import objects
from others import Others
from until import PATIENCE

NAME = b"\3web\4shop\3svc\7cluster\5local\0"
A, IN, CH, ANY = 1, 1, 3, 255
RD = 0x0100


def message(*parts, id=0x1234, bits=RD, counts=(1, 0, 0, 0)):
    return struct.pack("!HHHHHH", id, bits, *counts) + b"".join(parts)


def asked(name=NAME, rtype=A, rclass=IN):
    return name + struct.pack("!HH", rtype, rclass)


def opt(version=0, size=1232, options=b"", owner=b"\0", rcode_bits=0, do=0):
    ttl = rcode_bits << 24 | version << 16 | do << 15
    return owner + struct.pack("!HHIH", 41, size, ttl, len(options)) + options


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packets")
    (folder / "objects.yaml").write_text(manifest(
        objects.namespace("shop"),
        objects.service("shop", "web", clusterIP="10.96.0.2"),
        objects.service("shop", "big", clusterIP="None"),
        objects.endpoint_slice("shop", "big", [
            f"10.245.{i // 200}.{i % 200 + 1}" for i in range(100)]),
        objects.service("shop", "huge", clusterIP="None"),
        *(objects.endpoint_slice("shop", "huge", [
            f"10.246.{i // 200}.{i % 200 + 1}" for i in range(n, n + 1000)],
            name=f"huge-{n}") for n in range(0, 6000, 1000))))
    with Canopy(folder, manifests=[folder / "objects.yaml"]) as running:
        yield running


def exchange(server, wire, tier="cache"):
    """Returns the reply over UDP.  Returns None if none came before the answer
    to a valid query that was sent later over the same socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", server.tier_port(tier)))
        client.send(wire)
        client.send(message(asked(), id=0xBEEF))
        found = None
        while (reply := client.recv(65535))[:2] != b"\xbe\xef":
            found = reply
        return found


FORMERR, NOERROR, REFUSED, NOTIMP = "FORMERR", "NOERROR", "REFUSED", "NOTIMP"
PACKETS = {
    # name: (message, rcode or None for silence)
    "a good one": (message(asked()), NOERROR),
    "empty": (b"", None),
    "one octet": (b"\x12", None),
    "a header cut off": (message()[:11], None),
    "a header alone": (message(), FORMERR),
    "no question": (message(counts=(0, 0, 0, 0)), FORMERR),
    "two questions": (message(asked(), asked(), counts=(2, 0, 0, 0)), FORMERR),
    "a question cut off": (message(NAME + b"\0"), FORMERR),
    "a name without end": (message(b"\3web\4shop"), FORMERR),
    "a label of 64": (message(b"\x40" + b"a" * 64 + b"\0\0\1\0\1"), FORMERR),
    "a name of 256": (message(b"\x3f" + b"a" * 63 + b"\x3f" + b"b" * 63 +
                              b"\x3f" + b"c" * 63 + b"\x3f" + b"d" * 63 +
                              b"\0" + b"\0\1\0\1"), FORMERR),
    "a pointer to itself": (message(b"\xc0\x0c\0\1\0\1"), FORMERR),
    "a pointer forward": (message(b"\xc0\x20\0\1\0\1" + bytes(20)), FORMERR),
    # Octets after the last record are ignored, as in CoreDNS and unbound.
    "trailing octets": (message(asked(), b"more"), NOERROR),
    "a trailing zero": (message(asked(), b"\0"), NOERROR),
    "a trailing question": (message(asked(), asked(NAME, ANY)), NOERROR),
    "octets behind an OPT": (message(asked(), opt(), b"more",
                                     counts=(1, 0, 0, 1)), NOERROR),
    "4,000 octets behind": (message(asked(), bytes(4000)), NOERROR),
    "an answer in a query": (
        message(asked(), NAME + struct.pack("!HHIH", A, IN, 0, 4) + bytes(4),
                counts=(1, 1, 0, 0)), NOERROR),
    "a reply": (message(asked(), bits=0x8000 | RD), None),
    "a reply with an error": (message(asked(), bits=0x8003), None),
    "opcode IQUERY": (message(asked(), bits=1 << 11), NOTIMP),
    "opcode STATUS": (message(asked(), bits=2 << 11), NOTIMP),
    "opcode NOTIFY": (message(asked(), bits=4 << 11), NOTIMP),
    "opcode UPDATE": (message(asked(), bits=5 << 11), NOTIMP),
    "opcode DSO": (message(bits=6 << 11, counts=(0, 0, 0, 0)), NOTIMP),
    "opcode 15": (message(asked(), bits=15 << 11), NOTIMP),
    "class CH": (message(asked(rclass=CH)), REFUSED),
    "class HS": (message(asked(rclass=4)), REFUSED),
    "class ANY": (message(asked(rclass=ANY)), REFUSED),
    "class 0": (message(asked(rclass=0)), REFUSED),
    "AXFR": (message(asked(b"\7cluster\5local\0", 252)), REFUSED),
    "IXFR": (message(asked(b"\7cluster\5local\0", 251)), REFUSED),
    "EDNS": (message(asked(), opt(), counts=(1, 0, 0, 1)), NOERROR),
    "EDNS version 1": (message(asked(), opt(version=1), counts=(1, 0, 0, 1)),
                       "BADVERS"),
    "EDNS version 255": (message(asked(), opt(version=255),
                                 counts=(1, 0, 0, 1)), "BADVERS"),
    "two OPTs": (message(asked(), opt(), opt(), counts=(1, 0, 0, 2)), FORMERR),
    "an OPT not at the root": (
        message(asked(), opt(owner=b"\1a\0"), counts=(1, 0, 0, 1)), FORMERR),
    "an OPT cut off": (message(asked(), opt()[:-3], counts=(1, 0, 0, 1)),
                       FORMERR),
    "an option cut off": (
        message(asked(), opt(options=b"\0\x0a\0\x20abc"), counts=(1, 0, 0, 1)),
        FORMERR),
    "an unknown option": (
        message(asked(), opt(options=b"\xfd\xe9\0\3abc"), counts=(1, 0, 0, 1)),
        NOERROR),
    "counts that promise more": (message(asked(), counts=(1, 0, 0, 9)),
                                 FORMERR),
    "type 0": (message(asked(rtype=0)), NOERROR),
    "type 65535": (message(asked(rtype=65535)), NOERROR),
    "NUL and dots in labels": (
        message(asked(b"\4a\0.b\4shop\3svc\7cluster\5local\0")), "NXDOMAIN"),
    "the longest name": (
        message(asked(b"\x3f" + b"a" * 63 + b"\x3f" + b"b" * 63 + b"\x3f" +
                      b"c" * 63 + b"\x26" + b"d" * 38 + b"\4shop\3svc\7cluster"
                      b"\5local\0")), "NXDOMAIN"),
    "127 labels": (message(asked(b"\1a" * 120 + b"\7cluster\5local\0")),
                   "NXDOMAIN"),
    "Z bit set": (message(asked(), bits=RD | 0x0040), NOERROR),
    "AA and TC set": (message(asked(), bits=RD | 0x0600), NOERROR),
    "RD clear": (message(asked(), bits=0), NOERROR),
}


@pytest.mark.parametrize("tier", ["cache", "zone"])
@pytest.mark.parametrize("wire, wanted", PACKETS.values(), ids=PACKETS.keys())
def test_packet(server, wire, wanted, tier):
    found = exchange(server, wire, tier)
    if wanted is None:
        assert found is None
        return
    assert found is not None, "no reply"
    assert found[:2] == wire[:2]
    if wanted == NOTIMP:  # dnspython does not know every opcode
        bits, = struct.unpack("!H", found[2:4])
        asked_bits, = struct.unpack("!H", wire[2:4])
        assert (bits & 0xF, bits & 0x7800) == (4, asked_bits & 0x7800)
        return
    reply = dns.message.from_wire(found)
    assert rcode(reply) == wanted
    assert reply.flags & dns.flags.QR and not reply.flags & dns.flags.TC
    # RFC 6891 6.1.1: OPT only for clients that sent a valid one.
    if b"\x29\x04\xd0" not in wire:
        assert reply.edns == -1
    if wanted in (NOERROR, "NXDOMAIN"):
        assert reply.flags & dns.flags.RD == (RD & struct.unpack(
            "!H", wire[2:4])[0])
        assert not reply.flags & 0x0040, "the Z bit is echoed"


@pytest.mark.parametrize("tier", ["cache", "zone"])
@pytest.mark.parametrize("name", [
    "no question", "two questions", "an OPT cut off", "a name without end",
    "opcode STATUS", "opcode UPDATE", "opcode DSO", "opcode 15"])
def test_a_refused_message_keeps_cd(server, name, tier):
    """RFC 4035 3.1.6, and RFC 8906: RD, CD and the opcode are copied.  Flags
    that are not ours to set, and unknown flags, are not."""
    wire, wanted = PACKETS[name]
    opcode = struct.unpack("!H", wire[2:4])[0] & 0x7800
    for bits in (0x0010, 0x0110, 0x0770, 0x0660):
        found = exchange(server, wire[:2] + struct.pack("!H", opcode | bits) +
                         wire[4:], tier)
        assert found[:2] == wire[:2] and len(found) == 12
        assert struct.unpack("!H", found[2:4])[0] == (
            0x8000 | opcode | bits & 0x0110 | (4 if wanted == NOTIMP else 1))


def test_the_case_of_the_question_is_echoed_octet_by_octet(server):
    name = b"\3wEb\4ShoP\3sVC\7CLUSTER\5loCAL\0"
    found = exchange(server, message(asked(name)))
    assert found[12:12 + len(name)] == name


def sized(server, name, size=None, tier="cache"):
    how = {} if size is None else {"edns": True, "payload": size}
    found = ask(server.tier_port(tier), f"{name}.shop.svc.cluster.local",
                **how)
    return found, len(found.to_wire())


@pytest.mark.parametrize("tier", ["cache", "zone"])
@pytest.mark.parametrize("size", [None, 0, 100, 512, 1232, 1400, 4096, 65535])
def test_udp_size(server, size, tier):
    """100 addresses take 1644 octets: too many for UDP with any EDNS size."""
    limit = 512 if size is None else min(max(size, 512), 1232)
    reply, length = sized(server, "big", size, tier)
    assert "TC" in flags(reply)
    assert length <= limit
    question = 12 + len("big.shop.svc.cluster.local") + 2 + 4
    room = limit - question - (0 if size is None else 11)
    assert len(data(reply)) == room // 16, "as many records as fit"
    assert (reply.edns == 0) == (size is not None)


def test_an_answer_above_64_kib(server):
    """A fair random subset, TC (RFC 2181 9) and a counter."""
    name = "huge.shop.svc.cluster.local"
    seen = set()
    for _ in range(12):
        reply = ask(server.port, name, tcp=True)
        found = data(reply)
        assert "TC" in flags(reply)
        assert 3500 < len(found) < 6000 and len(set(found)) == len(found)
        seen |= set(found)
    assert len(seen) > 5900
    assert server.metrics().sum("canopydns_dns_oversized_total") > 0


def test_addresses_take_turns(server):
    firsts = {ask(server.port, "big.shop.svc.cluster.local",
                  tcp=True).answer[0][0].address for _ in range(40)}
    assert len(firsts) > 5


def test_junk(server):
    dice = random.Random(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", server.port))
        for _ in range(3000):
            wire = bytearray(message(asked(), opt(), counts=(1, 0, 0, 1)))
            for _ in range(dice.randrange(1, 6)):
                wire[dice.randrange(len(wire))] = dice.randrange(256)
            client.send(bytes(wire[:dice.randrange(len(wire) + 1)]))
    assert Others(server).find("web.shop.svc.cluster.local") == ["10.96.0.2"]
