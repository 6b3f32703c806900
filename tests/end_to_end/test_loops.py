"""An upstream that leads back to the server that asks it."""

import dns.exception
import dns.query
import dns.rcode

from ask import extended_errors, rcode
from upstream import LOOP_CHECK, records, respond

NAME = "www.example.com"
KNOWN = records(f"{NAME}. 0 IN A 192.0.2.1", "b.example.com. 0 IN A 192.0.2.1")


class LeadsBack:
    """Forwards each query to `server`, like a resolver whose own upstream is
    the cluster's DNS."""

    def __init__(self):
        self.server = None
        self.on = True
        self.asked = 0

    def __call__(self, query, tcp):
        if not self.on:
            return KNOWN(query, tcp)
        self.asked += 1
        try:
            query.id = query.id ^ 0x1234
            reply = dns.query.udp(query, "127.0.0.1", 10, self.server.port)
        except dns.exception.Timeout:
            return None
        query.id = query.id ^ 0x1234
        return respond(query, rcode=dns.rcode.to_text(reply.rcode()))


def test_a_lone_loop_is_cut_and_told(serve, upstream):
    back = LeadsBack()
    outside = upstream(back)
    back.server = server = serve(flags=[f"--nameservers={outside.server}"])
    assert rcode(server.ask(NAME)) == "SERVFAIL"
    server.until(lambda: server.log_lines("is a loop"), "a line about it")
    asked = back.asked
    reply = server.ask("b.example.com", edns=True)
    (code, text), = extended_errors(reply)
    assert (rcode(reply), code) == ("SERVFAIL", 22)
    assert "loop" in text and outside.server in text, text
    for i in range(50):
        assert rcode(server.ask(f"n{i}.example.com")) == "SERVFAIL"
    print(f"{back.asked} questions went round in all")
    assert back.asked - asked <= 1, "it is still asked"
    assert server.metrics().sum("canopydns_upstream_loop") == 1
    assert len(server.log_lines("is a loop")) == 1
    # The process lives, and notices when the loop ends.
    back.on = False
    server.until(lambda: server.data(f"{NAME}") == ["192.0.2.1"],
                 "the loop to be over")
    assert server.log_lines("no longer loops")
    assert server.metrics().sum("canopydns_upstream_loop") == 0


def test_others_answer_in_the_place_of_a_loop(serve, upstream):
    back = LeadsBack()
    loop, good = upstream(back), upstream(KNOWN)
    back.server = server = serve(
        flags=[f"--nameservers={loop.server},{good.server}"])
    for _ in range(20):
        reply = server.ask(NAME)
        assert rcode(reply) == "NOERROR" and reply.time < 2
    found = server.metrics()
    assert found.sum("canopydns_upstream_loop", upstream=loop.server) == 1
    assert found.sum("canopydns_upstream_loop", upstream=good.server) == 0


def test_a_client_cannot_pretend_a_loop(serve, upstream):
    outside = upstream(KNOWN)
    server = serve(flags=[f"--nameservers={outside.server}"])
    assert server.data(NAME) == ["192.0.2.1"]
    server.until(lambda: outside.loop_checks, "the check for a loop")
    # Late copies of an answered check, and guessed names.
    seen = outside.loop_checks[0].question[0].name.to_text()
    assert LOOP_CHECK in seen.lower()
    for name in seen, seen.upper(), f"{'0' * 32}.canopydns-loop":
        server.ask(name)
    assert server.metrics().sum("canopydns_upstream_loop") == 0
    assert server.data(NAME) == ["192.0.2.1"]
