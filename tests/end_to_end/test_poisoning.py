"""An attacker who cannot see our queries sends spoofed answers.  In these tests
the upstream itself is the attacker, so its datagrams come from the right
address and port.  It sends blind guesses before each true answer.  Each test
prints the odds.

Upstreams at loopback addresses get the client's case unless --query-case says
otherwise.  The odds are then those of ID and port alone."""

import random
import socket
import struct

import dns.message

from ask import data
from upstream import Upstream, respond

TRUE, FORGED = "192.0.2.1", "203.0.113.66"
HEADER = struct.Struct("!H")


def answer(query, address):
    name = query.question[0].name.to_text()
    return respond(query, f"{name} 60 IN A {address}")


def forged(query, **guessed):
    """Returns the attacker's answer for a known name, without its case."""
    name = query.question[0].name.to_text().lower()
    guess = dns.message.make_query(guessed.get("spelling", name), "A")
    guess.id = guessed.get("id", query.id)
    return answer(guess, FORGED).to_wire()


class Forger(Upstream):
    """Before each true answer, `forge(query, client)` returns the attacker's
    datagrams as (octets, port), which are sent to the server."""

    def __init__(self, forge):
        self.forge = forge
        self.forgeries = 0
        super().__init__(lambda query, tcp: answer(query, TRUE))

    def _answer_udp(self, wire, client):
        query = dns.message.from_wire(wire)
        for octets, port in self.forge(query, client):
            try:
                self._udp.sendto(octets, (client[0], port))
                self.forgeries += 1
            except OSError:
                pass
        super()._answer_udp(wire, client)


def ask_many(server, count, prefix):
    for number in range(count):
        assert data(server.ask(f"{prefix}{number}.victim.example")) == [TRUE]


def wrong_case(server):
    return server.metrics().sum("canopydns_upstream_misspelled_total")


def test_blind_guesses_at_known_ports(serve):
    """The attacker knows the ports of earlier queries.  For each query it sends
    200 guesses of the ID to these ports."""
    def forge(query, _client):
        ports = list(set(upstream.source_ports[-300:]))
        for _ in range(200):
            yield (forged(query, id=random.randrange(65536)),
                   random.choice(ports))
    with Forger(forge) as upstream:
        server = serve(flags=[f"--nameservers={upstream.server}",
                              "--query-case=always", "--workers=1"])
        ask_many(server, 300, "n")
        ports = len(set(upstream.source_ports[-300:]))
        letters = sum(c.isalpha() for c in "n123.victim.example")
        print(f"{upstream.forgeries} forged answers, none believed")
        for case, bits in ("in random case", letters), ("else", 0):
            print(f"{case}: with the open ports known ({ports} lately), one is "
                  f"believed with a chance of 1 in {65536 * ports * 2**bits:.1e}"
                  f"; without, of 1 in {65536 * 28232 * 2**bits:.1e} (28,232 "
                  "ports to choose from)")
        assert ports >= 12, "the port of a question is one of 16 or more"
        # An attacker who guessed ID and port has still not guessed the case.
        print(f"id and port were guessed {wrong_case(server):.0f} times")


def test_id_and_port_known_the_spelling_is_not(serve):
    """The case of all letters but one is guessed.  One query is answered before
    that, because the server must first learn that the upstream preserves
    case."""
    def forge(query, client):
        name = query.question[0].name.to_text()
        if not name.lower().startswith("before"):
            spelling = name[0].swapcase() + name[1:]
            yield forged(query, spelling=spelling), client[1]
    with Forger(forge) as upstream:
        server = serve(flags=[f"--nameservers={upstream.server}",
                              "--query-case=always"])
        ask_many(server, 1, "before")
        ask_many(server, 50, "n")
        assert wrong_case(server) >= 50
        over_tcp = sum(tcp for _, tcp in upstream.asked)
        print(f"{upstream.forgeries} forged with the right id and port: none "
              f"believed, {over_tcp} asked again over TCP")
        assert over_tcp >= 50


def test_the_port_known_the_id_is_not(serve):
    """Half of all IDs, none of them right, to the right port."""
    def forge(query, client):
        for _ in range(100):
            wrong = query.id ^ random.randrange(1, 65536)
            octets = answer(query, FORGED).to_wire()
            yield HEADER.pack(wrong) + octets[2:], client[1]
    with Forger(forge) as upstream:
        server = serve(flags=[f"--nameservers={upstream.server}"])
        ask_many(server, 50, "n")
        print(f"{upstream.forgeries} forged at the right port: none believed")


def test_another_address_is_not_the_upstream(serve):
    """All is right except the source address."""
    elsewhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    elsewhere.bind(("127.0.0.1", 0))

    class Neighbour(Forger):
        def _answer_udp(self, wire, client):
            query = dns.message.from_wire(wire)
            elsewhere.sendto(answer(query, FORGED).to_wire(), client)
            Upstream._answer_udp(self, wire, client)
    with Neighbour(None) as upstream:
        server = serve(flags=[f"--nameservers={upstream.server}"])
        ask_many(server, 50, "n")
    elsewhere.close()


def test_ids_ports_and_spellings_are_even(serve):
    """No query in a series helps to predict the next one."""
    with Forger(lambda query, client: ()) as upstream:
        server = serve(flags=[f"--nameservers={upstream.server}",
                              "--query-case=always", "--workers=1"])
        ask_many(server, 1000, "abcdefghijkl")
        queries = [query for query, _ in upstream.asked]
        ids = [query.id for query in queries]
        print(f"1000 questions: {len(set(ids))} ids, "
              f"{len(set(upstream.source_ports))} ports")
        assert len(set(ids)) > 950
        for bit in range(16):
            ones = sum(number >> bit & 1 for number in ids)
            assert 400 < ones < 600, f"bit {bit} of the id: {ones}"
        for at in range(12):
            upper = sum(query.question[0].name.labels[0][at:at + 1].isupper()
                        for query in queries)
            assert 400 < upper < 600, f"letter {at} upper: {upper}"
        assert len(set(upstream.source_ports)) >= 16
        steps = [b - a for a, b in zip(upstream.source_ports,
                                       upstream.source_ports[1:])]
        assert len(set(steps)) > 50, "the ports go round"
