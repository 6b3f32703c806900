"""Outside names while all upstreams fail: clients get stale answers, and
upstreams are not flooded.  The times are those of
server/forward/forward_timing.h and cache/ttl_rules.h."""

import threading
import time

from ask import data, extended_errors, lines, rcode
from closed_port import ClosedPort
from kube_apiserver import objects
from upstream import fails, records

NAME = "www.example.com"
SHORT = records(f"{NAME}. 1 IN A 192.0.2.1")


class Switched:
    """An upstream whose script can be changed."""

    def __init__(self, script):
        self.script = script

    def __call__(self, query, tcp):
        return self.script(query, tcp)


def silent(_query, _tcp):
    return None


def until_expired(server, outside):
    """Queries until the answer has expired and an upstream was asked again."""
    before = outside.count(NAME)
    server.until(lambda: server.ask(NAME) and outside.count(NAME) > before,
                 "the answer to expire")


def test_a_dead_upstream_leaves_stale_answers(serve, upstream):
    switch = Switched(SHORT)
    outside = upstream(switch)
    server = serve(objects.namespace("shop"),
                   objects.service("shop", "web", clusterIP="10.96.1.1"),
                   flags=[f"--nameservers={outside.server}"])
    assert server.data(NAME) == ["192.0.2.1"]
    switch.script = silent
    stale = []

    def is_stale():
        reply = server.ask(NAME, edns=True)
        assert data(reply) == ["192.0.2.1"], reply
        errors = extended_errors(reply)
        if errors:
            stale.append(reply)
        return errors
    (code, text), = server.until(is_stale, "a stale answer")
    assert code == 3 and f"{outside.server} timed out" in text, text
    # The client-response timer, not the 3.9 s of the whole fetch.
    assert 1.5 < stale[0].time < 4, "the client-response timer is 1.8 s"
    assert lines(stale[0].answer) == [f"{NAME}. 30 IN A 192.0.2.1"]
    # Later queries get it at once.
    assert all(server.ask(NAME).time < 1.5 for _ in range(20))
    assert server.metrics().sum("canopydns_cache_served_stale_total") >= 20
    # A name that was never cached is an error; names of the cluster are not
    # stale.
    assert rcode(server.ask("never.example.com")) == "SERVFAIL"
    reply = server.ask("web.shop.svc.cluster.local", edns=True)
    assert rcode(reply) == "NOERROR" and not extended_errors(reply)


def test_upstreams_that_refuse_leave_stale_answers_at_once(serve, upstream):
    switch = Switched(SHORT)
    outside, closed = upstream(switch), ClosedPort()
    server = serve(flags=[f"--nameservers={outside.server},{closed.server}"])
    assert server.data(NAME) == ["192.0.2.1"]
    switch.script = fails("SERVFAIL")
    reply = server.until(
        lambda: (found := server.ask(NAME, edns=True))
        and extended_errors(found) and found, "a stale answer")
    (code, text), = extended_errors(reply)
    assert code == 3 and f"{outside.server} answered SERVFAIL" in text, text
    assert data(reply) == ["192.0.2.1"] and reply.time < 1.5
    closed.close()


def test_a_failing_name_is_no_storm_upstream(serve, upstream):
    outside = upstream(fails("SERVFAIL"))
    server = serve(flags=[f"--nameservers={outside.server}"])
    start = time.monotonic()
    for _ in range(300):
        assert rcode(server.ask(NAME)) == "SERVFAIL"
    (code, text), = extended_errors(server.ask(NAME, edns=True))
    assert code == 13 and "answered SERVFAIL" in text
    most = 3 * ((time.monotonic() - start) // 2 + 1)
    assert outside.count(NAME) <= most, "a failure is kept for two seconds"
    assert server.metrics().sum("canopydns_cache_failures_total") >= 300 - most


def test_a_dead_upstream_is_not_flooded(serve, upstream):
    """Many clients query many names of a silent upstream."""
    outside = upstream(silent)
    server = serve(flags=[f"--nameservers={outside.server}"])

    def client(number):
        for i in range(4):
            server.ask(f"n{number}-{i}.example.com")
    clients = [threading.Thread(target=client, args=[i]) for i in range(40)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    asked = len(outside.asked)
    print(f"160 names, an upstream that is down: {asked} questions")
    assert asked < 160 * 3, "RFC 9520: at most three, one while it is down"


def test_a_popular_name_is_fetched_before_it_expires(serve, upstream):
    outside = upstream(records(f"{NAME}. 5 IN A 192.0.2.1"))
    server = serve(flags=[f"--nameservers={outside.server}"])

    def prefetches():
        return server.metrics().sum("canopydns_cache_prefetch_total")

    def two_without_a_pause():
        """Queries all the time.  Returns False if the machine kept us from
        querying in the last second, when the answer would have been fetched."""
        before = prefetches()
        server.data(NAME)
        fetches = outside.count(NAME)
        asked, longest, least = time.monotonic(), 0, 5
        while outside.count(NAME) < fetches + 2:
            least = min(least, server.ask(NAME).answer[0].ttl)
            asked, earlier = time.monotonic(), asked
            longest = max(longest, asked - earlier)
        if longest > 0.5:
            return False
        # Never a miss: the answer is fetched before its TTL ends.
        assert least >= 1
        assert prefetches() >= before + 2
        return True
    server.until(two_without_a_pause, "two fetches ahead of time", 120)
