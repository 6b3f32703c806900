"""Several upstreams: a faulty one is passed over."""

import itertools
import socket
import statistics
import time

import pytest

from ask import data, extended_errors, question, rcode
from closed_port import ClosedPort, SilentPort
from upstream import fails, records, respond

NAME = "www.example.com"
GOOD = records(*(f"{letter}.example.com. 0 IN A 192.0.2.1"
                 for letter in "abcdefghijklmnopqrstuvwxyz"),
               f"{NAME}. 60 IN A 192.0.2.1")


def wrong_question(query, _tcp):
    """Answers to another query: spoofed, or broken."""
    reply = respond(query, "other.example.com. 60 IN A 203.0.113.1")
    reply.question[0].name = reply.answer[0].name
    return reply


def wrong_id(query, _tcp):
    reply = respond(query, f"{NAME}. 60 IN A 203.0.113.1")
    reply.id ^= 1
    return reply


BAD = {
    "SERVFAIL": fails("SERVFAIL"), "REFUSED": fails("REFUSED"),
    "NOTIMP": fails("NOTIMP"), "silent": lambda query, tcp: None,
    "garbage": lambda query, tcp: b"\x00\x01garbage",
    "another question": wrong_question, "another id": wrong_id,
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_the_other_one_answers(serve, upstream, bad):
    first, second = upstream(bad), upstream(GOOD)
    server = serve(flags=[f"--nameservers={first.server},{second.server}"])
    for letter in "abcdefgh":
        assert server.data(f"{letter}.example.com") == ["192.0.2.1"]
    assert second.asked


def test_a_closed_port_costs_nothing(serve, upstream):
    closed, good = ClosedPort(), upstream(GOOD)
    server = serve(flags=[f"--nameservers={closed.server},{good.server}"])
    replies = [server.ask(f"{letter}.example.com") for letter in "abcdefgh"]
    assert {rcode(reply) for reply in replies} == {"NOERROR"}
    took = [reply.time for reply in replies]
    assert max(took) < 1, took
    # Less than the wait for a silent upstream.
    assert statistics.median(took) < 0.1, took
    closed.close()


def test_a_silent_one_is_passed_over_quickly(serve, upstream):
    silent, good = SilentPort(), upstream(GOOD)
    server = serve(flags=[f"--nameservers={silent.server},{good.server}"])
    took = [server.ask(f"{letter}.example.com").time for letter in "abcdefgh"]
    assert max(took) < 2, took
    # Each worker must learn for itself; a busy machine may delay one of them.
    assert statistics.median(took) < 0.1, took
    silent.close()


def test_one_that_comes_back_is_used_again(serve, upstream):
    up = {"up": False}

    def script(query, tcp):
        return GOOD(query, tcp) if up["up"] else None
    flapping = upstream(script)
    server = serve(flags=[f"--nameservers={flapping.server}"])
    assert rcode(server.ask("a.example.com")) == "SERVFAIL"
    up["up"] = True
    server.until(lambda: server.data("b.example.com") == ["192.0.2.1"],
                 "the upstream to be used again")


def test_down_and_back_are_said_once_each(serve, upstream):
    up = {"up": True}

    def script(query, tcp):
        return GOOD(query, tcp) if up["up"] else None
    flapping, good = upstream(script), upstream(GOOD)
    server = serve(flags=[f"--nameservers={flapping.server},{good.server}"])
    numbers = iter(range(1_000_000))

    def healthy(wanted):
        server.ask(f"n{next(numbers)}.example.com")
        found = server.metrics()
        assert found.sum("canopydns_upstream_healthy",
                         upstream=good.server) == 1
        return found.sum("canopydns_upstream_healthy",
                         upstream=flapping.server) == wanted
    server.until(lambda: healthy(1), "both to be known")
    for _ in range(2):
        up["up"] = False
        server.until(lambda: healthy(0), "the silent one to be down")
        up["up"] = True
        server.until(lambda: healthy(1), "it to be back")
    lines = [line for line in server.log_lines(f"upstream {flapping.server}")]
    assert [("is down" in line, "is up again" in line)
            for line in lines] == [(True, False), (False, True)] * 2, lines
    assert "does not answer" in lines[0]
    assert not server.log_lines(f"upstream {good.server}")
    found = server.metrics()
    assert found.sum("canopydns_upstream_state_changes_total",
                     upstream=flapping.server) == 4
    assert found.sum("canopydns_upstream_healthcheck_total",
                     upstream=flapping.server) >= 2
    assert found.sum("canopydns_upstream_round_trip_seconds",
                     upstream=good.server) > 0


@pytest.mark.parametrize("checks", ["answered", "dropped"])
def test_a_dead_domain_does_not_make_a_healthy_one_down(
        serve, upstream, checks):
    """One client asks for names of a dead domain twice a second.  There are few
    other queries, and all of them are answered at once."""
    short = records(f"{NAME}. 1 IN A 192.0.2.1",
                    *(f"n{i}.example.com. 1 IN A 192.0.2.1"
                      for i in range(20)))

    def script(query, tcp):
        name = query.question[0].name.to_text().lower()
        is_check = name == "."
        if name.endswith("dead.test.") or is_check and checks == "dropped":
            return None
        return short(query, tcp)
    outside = upstream(script)
    server = serve(flags=[f"--nameservers={outside.server}"])
    numbers = itertools.count()
    unlike = []

    def changes_in_a_while():
        """Returns the lowest of several runs, because a pause of the whole
        machine looks like an upstream that is down."""
        before = server.metrics().sum("canopydns_upstream_state_changes_total")
        unlike.clear()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for number in range(12):
                wire = question(f"n{next(numbers)}.dead.test").to_wire()
                client.sendto(wire, ("127.0.0.1", server.port))
                time.sleep(0.5)  # the rate of the attack
                if number % 4 == 3:
                    for name in NAME, f"n{number}.example.com":
                        reply = server.ask(name, edns=True)
                        if extended_errors(reply) or not data(reply):
                            unlike.append(reply)
        return server.metrics().sum(
            "canopydns_upstream_state_changes_total") - before
    runs = []
    while not runs or min(runs) > 0 and len(runs) < 3:
        runs.append(changes_in_a_while())
    assert min(runs) == 0, (runs, server.log_lines("upstream "))
    assert not unlike, unlike
    most = 2 * len(runs) * 12 + 4
    assert len(outside.health_checks) <= most, "two a second, at most"


def test_when_all_are_down_the_metrics_say_so(serve):
    closed = ClosedPort()
    server = serve(flags=[f"--nameservers={closed.server}"])
    for letter in "abcdef":
        server.ask(f"{letter}.example.com")
    found = server.metrics()
    assert found.sum("canopydns_upstream_healthy",
                     upstream=closed.server) == 0
    assert found.sum("canopydns_forward_healthcheck_broken_total") == 3
    line, = server.log_lines(f"upstream {closed.server}")
    assert "is down: it is unreachable" in line
    closed.close()


@pytest.mark.parametrize("told", ["auto", "always", "never"])
def test_clients_are_told_which_one_failed(serve, upstream, told):
    """By its address on loopback, unless the flag says otherwise."""
    closed, refusing = ClosedPort(), upstream(fails("REFUSED"))
    server = serve(flags=[f"--nameservers={closed.server},{refusing.server}",
                          f"--ede-upstreams={told}"])
    (_, text), = extended_errors(server.ask(NAME, edns=True))
    names = (["upstream 1 of 2", "upstream 2 of 2"] if told == "never" else
             [closed.server, refusing.server])
    assert f"{names[0]} is unreachable" in text, text
    assert f"{names[1]} answered REFUSED" in text, text
    assert (closed.server in text) == (told != "never"), text
    # Of the cache, too.
    (code, kept), = extended_errors(server.ask(NAME, edns=True))
    assert (code, kept) == (13, text)
    closed.close()


def test_a_forged_answer_is_not_believed(serve, upstream):
    first = upstream(wrong_question)
    server = serve(flags=[f"--nameservers={first.server}"])
    assert rcode(server.ask(NAME)) == "SERVFAIL"
    assert rcode(server.ask("other.example.com")) != "NOERROR" or (
        first.count("other.example.com"))


def test_failures_are_counted_by_upstream(serve, upstream):
    closed, good = ClosedPort(), upstream(GOOD)
    server = serve(flags=[f"--nameservers={closed.server},{good.server}"])
    for letter in "abcdefgh":
        server.ask(f"{letter}.example.com")
    found = server.metrics()
    assert found.sum("canopydns_forward_requests_total") == 8
    assert found.sum("canopydns_upstream_requests_total",
                     upstream=good.server) >= 8
    assert found.sum("canopydns_upstream_failures_total",
                     upstream=closed.server) >= 1
    closed.close()


def test_questions_leave_from_changing_ports_with_random_ids(serve, upstream):
    outside = upstream(records())
    server = serve(flags=[f"--nameservers={outside.server}", "--workers=1"])

    def ask(first, count):
        for number in range(first, first + count):
            server.ask(f"n{number}.example.com")
    ask(0, 100)
    ids = [query.id for query, _ in outside.asked]
    assert len(set(ids)) > 95
    steps = {later - earlier for earlier, later in zip(ids, ids[1:])}
    assert len(steps) > 50, "the ids follow a pattern"
    early = set(outside.source_ports)
    assert len(early) > 1
    # A port is replaced after some queries, or some time.
    numbers = iter(range(100, 1_000_000, 50))

    def all_are_new():
        ask(next(numbers), 50)
        return not set(outside.source_ports[-50:]) & early
    server.until(all_are_new, "other ports than at first", seconds=40)
