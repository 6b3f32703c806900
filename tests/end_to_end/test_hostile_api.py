"""A fake API server sends messages that no real one sends.  Memory stays
bounded, a few log lines report the fault, the process lives, and it recovers
afterwards."""

import itertools
import zlib

import pytest

from ask import rcode
from canopy import IS_SANITIZED
from hostile_api import (HostileApi, end_of_list, event, highest_memory,
                         list_of, reply)

MEBIBYTE = 1 << 20
# A process with an empty cluster has 16 MiB, or 30 with a sanitizer's.
MOST_MEMORY = 96 * MEBIBYTE


def endless(head, octets, times=64):
    """Sends `head`, and then `octets` for ever."""
    return itertools.chain([head], itertools.repeat(octets * times))


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = HEAD + b"Content-Encoding: gzip\r\n\r\n"
LIST = b'{"kind":"ServiceList","metadata":{"resourceVersion":"7"},"items":['
OBJECT = LIST + b'{"metadata":{"name":"web","namespace":"default"},"spec":'


def bomb(text, repeated):
    """Returns gzip of `text` and then of `repeated` for ever, a thousandth of
    its size."""
    packer = zlib.compressobj(9, wbits=31)
    yield GZIP + packer.compress(text)
    while True:
        yield packer.compress(repeated * (MEBIBYTE // len(repeated)))


REPLIES = {
    "a status line of 30,000 octets":
        lambda: [b"HTTP/1.1 200 " + b"a" * 30_000 + b"\r\n\r\n"],
    "a status line without end": lambda: endless(b"HTTP/1.1 200 ", b"a" * 1024),
    "a header line without end": lambda: endless(HEAD + b"A: ", b"a" * 1024),
    "headers without end":
        lambda: endless(HEAD, b"".join(b"A%d: %s\r\n" % (i, b"a" * 100)
                                       for i in range(100))),
    "no header line, without end": lambda: endless(HEAD, b"\n" * 1024),
    "100 Continue without end":
        lambda: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a chunk's size without end": lambda: endless(CHUNKED, b"0" * 1024),
    "trailers without end":
        lambda: endless(CHUNKED + b"0\r\n", b"A: %s\r\n" % (b"a" * 100)),
    "an object of brackets": lambda: endless(HEAD + b"\r\n" + OBJECT, b"["),
    "an object of numbers":
        lambda: endless(HEAD + b"\r\n" + OBJECT + b"[0", b",0"),
    "an object of one string":
        lambda: endless(HEAD + b"\r\n" + OBJECT + b'"', b"a" * 1024),
    "blanks": lambda: endless(HEAD + b"\r\n" + LIST, b" " * 1024),
    "blanks from gzip": lambda: bomb(LIST, b" "),
    "an object from gzip": lambda: bomb(OBJECT, b"[0,"),
    "brotli, which was not asked for":
        lambda: endless(HEAD + b"Content-Encoding: br\r\n\r\n", b"\x5b\xff" * 9),
}


@pytest.mark.parametrize("what", REPLIES)
def test_a_reply(canopy, what):
    is_hostile = True

    def lists(request):
        return REPLIES[what]() if is_hostile else reply(
            list_of(request.resource))

    with HostileApi(lists) as api:
        server = canopy(f"--kube-master-url={api.url}", wait="listening")

        def tried_again():
            assert IS_SANITIZED or highest_memory(server) < MOST_MEMORY
            return len(api.asked) >= 12
        server.until(tried_again, "it to be tried again", 60)
        assert rcode(server.ask("web.default.svc.cluster.local")) == "SERVFAIL"
        # The first failure of a kind, and at most three other reasons.
        assert 3 <= len(server.log_lines("trying again")) <= 12
        assert max(map(len, server.log().splitlines())) < 1000
        is_hostile = False
        server.until_ready()
        print(f"{what}: {highest_memory(server) >> 10} KiB at the most")


ADDED = event("ADDED", 5, metadata={"name": "web", "namespace": "default"})
BEGIN = HEAD + b"\r\n"

STREAMS = {
    "422, as without the feature": lambda: [reply(
        b'{"kind":"Status","code":422}', status="422 Unprocessable Entity")],
    "405": lambda: [reply(b"", status="405 Method Not Allowed")],
    "a list": lambda: [reply(list_of("services"))],
    "HTML": lambda: [reply(b"<html>")],
    "its end without an end": lambda: [BEGIN + ADDED],
    "nothing": lambda: [reply(b"")],
    "bookmarks without end": lambda: endless(BEGIN, event("BOOKMARK", 8)),
    "an event of brackets":
        lambda: endless(BEGIN + b'{"type":"ADDED","object":', b"["),
    "an event of one string":
        lambda: endless(BEGIN + b'{"type":"ADDED","object":"', b"a" * 1024),
    "blanks": lambda: endless(BEGIN + ADDED, b" " * 1024),
    "events from gzip": lambda: bomb(ADDED[:-3], b" "),
    "brotli, which was not asked for":
        lambda: endless(HEAD + b"Content-Encoding: br\r\n\r\n", b"\x5b\xff" * 9),
    "headers without end":
        lambda: endless(HEAD, b"".join(b"A%d: %s\r\n" % (i, b"a" * 100)
                                       for i in range(100))),
    "500, each time": lambda: [reply(b"", status="500 Internal Server Error")],
    "an event, and cut": lambda: [CHUNKED + b"%x\r\n%s\r\n" % (
        len(ADDED), ADDED)],
    "an error event, each time": lambda: [BEGIN + event(
        "ERROR", 1, kind="Status", code=500)],
}


@pytest.mark.parametrize("what", STREAMS)
def test_what_is_no_streamed_list(canopy, what):
    """The server then lists in pages, so no answer is lost."""
    with HostileApi(streams=lambda request: STREAMS[what]()) as api:
        server = canopy(f"--kube-master-url={api.url}")
        assert IS_SANITIZED or highest_memory(server) < MOST_MEMORY
        for resource in "services", "namespaces", "endpointslices":
            assert 1 <= len(api.streamed(resource)) <= 3
            assert len(api.times(resource)) == 1
        assert len(server.log_lines("warning")) <= 6
        assert max(map(len, server.log().splitlines())) < 1000
        metrics = server.metrics()
        assert metrics.sum("canopydns_watch_resyncs_total") == 3
        assert metrics.sum("canopydns_watch_streamed_lists_total") == 0


def test_the_end_of_a_streamed_list_and_410(canopy):
    """The server lists again, and the pause before the next list doubles."""
    def streams(request):
        return [BEGIN + end_of_list(7) + event("ERROR", 1, kind="Status",
                                               code=410)]
    with HostileApi(streams=streams) as api:
        server = canopy(f"--kube-master-url={api.url}")
        server.until(lambda: len(api.streamed("services")) >= 7, "seven lists")
        before, last = api.streamed("services")[5:7]
        assert last - before > 1.5
        assert not api.times("services")


def test_a_continue_token_without_end(canopy):
    """Pages without items: the server pauses between them and gives up."""
    numbers = itertools.count()

    def lists(request):
        return reply(list_of(request.resource, token=f"token-{next(numbers)}"))

    with HostileApi(lists) as api:
        server = canopy(f"--kube-master-url={api.url}", wait="listening")
        server.until(lambda: len(api.times("services")) >= 6, "six pages")
        fifth, sixth = api.times("services")[4:6]
        # The pauses between them are 0.1, 0.2, 0.4, 0.8 and 1.6 s.
        assert sixth - fifth > 1.5


@pytest.mark.parametrize("token, why", [
    (lambda page: "same", "a continue token comes a second time"),
    (lambda page: f"{page % 5}", "a continue token comes a second time"),
    (lambda page: "long" * 4096, "a continue token of more than 8 KiB")])
def test_a_continue_token_that_leads_nowhere(canopy, token, why):
    numbers = itertools.count()
    is_hostile = True

    def lists(request):
        page = next(numbers)
        item = b'{"metadata":{"name":"a%d","namespace":"b"}}' % page
        return reply(list_of(request.resource, item, token(page))
                     if is_hostile else list_of(request.resource))

    with HostileApi(lists) as api:
        server = canopy(f"--kube-master-url={api.url}", wait="listening")
        server.until(lambda: server.log_lines(why), "the reason")
        assert server.log_lines("the list does not end")
        is_hostile = False
        server.until_ready()


@pytest.mark.parametrize("what, watch, number", [
    ("a bookmark and the end", lambda: [
        HEAD + b'\r\n{"type":"BOOKMARK","object":{"metadata":'
               b'{"resourceVersion":"8"}}}\n'], 14),
    ("410 at once", lambda: reply(b'{"kind":"Status","code":410}',
                                  status="410 Gone"), 7)])
def test_watches_that_end_as_soon_as_they_begin(canopy, what, watch, number):
    """The pause before the next one doubles."""
    with HostileApi(watches=lambda request: watch()) as api:
        server = canopy(f"--kube-master-url={api.url}")
        server.until(lambda: len(api.times("services", True)) >= number, what)
        before, last = api.times("services", True)[number - 2:number]
        assert last - before > (0.7 if number == 14 else 1.5)
