#!/usr/bin/python3
"""An API server with the example cluster.  Prints its URL, and does what the
lines of its stdin say: "away" and "back", "add PATH", or a name in TURNS, from
which on that is the answer to all requests.  Ends with stdin."""

import itertools
import json
import socket
import sys
import threading
import zlib

import yaml

import paths  # noqa: F401
from cluster import KIND
from fake_api import FakeApi
from server import EXAMPLE

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_PIECE = 1 << 16


_RESOURCES = {kind: resource for resource, kind in KIND.items()}


class Example:
    def objects(self):
        for path in sorted(EXAMPLE.glob("*.yaml")):
            for thing in yaml.safe_load_all(path.read_text()):
                if thing and thing["kind"] in _RESOURCES:
                    yield _RESOURCES[thing["kind"]], thing


class File:
    """Of a List, as JSON."""

    def __init__(self, path):
        self._path = path

    def objects(self):
        with open(self._path) as file:
            for thing in json.load(file)["items"]:
                yield _RESOURCES[thing["kind"]], thing


def _chunk(octets):
    return b"%x\r\n%s\r\n" % (len(octets), octets)


def _repeated(octet, size):
    for _ in range(size // _PIECE):
        yield _chunk(octet * _PIECE)


def status_line(_request):
    yield b"HTTP/1.1 200 " + b"x" * 30_000 + b"\r\n\r\n"


def headers(_request):
    yield _HEAD
    for number in itertools.count():
        yield b"X-%d: %s\r\n" % (number, b"v" * 1000)


def header_line(_request):
    yield _HEAD + b"X-Long: "
    while True:
        yield b"v" * _PIECE


def _within_object(request, octets):
    """As an event, or as a list's only object."""
    is_watch = b"watch=" in request
    yield _CHUNKED
    yield _chunk(b'{"type":"ADDED","object":{"metadata":' if is_watch else
                 b'{"kind":"List","metadata":{"resourceVersion":"9"},"items":['
                 b'{"metadata":')
    yield from octets
    yield _chunk(b"}}\n" if is_watch else b"}]}") + b"0\r\n\r\n"


def brackets(request):
    yield from _within_object(request, itertools.chain(
        _repeated(b"[", 7 << 20), _repeated(b"]", 7 << 20)))


def one_object(request):
    yield from _within_object(request, itertools.chain(
        [_chunk(b'{"name":"')], _repeated(b"n", 256 << 20), [_chunk(b'"}')]))


def events(request):
    """As many as there are, of a Service that changes."""
    if b"watch=" not in request:
        yield _CHUNKED + _chunk(
            b'{"metadata":{"resourceVersion":"9"},"items":[]}') + _chunk(b"")
        return
    yield _CHUNKED
    for number in itertools.count(10):
        yield _chunk(b"".join(_event(number * 100 + i) for i in range(100)))


def _event(number):
    ip = b"10.97.%d.%d" % (number >> 8 & 255, number & 255)
    return (b'{"type":"%s","object":{"kind":"Service","apiVersion":"v1",'
            b'"metadata":{"namespace":"lab","name":"s%d","resourceVersion":'
            b'"%d"},"spec":{"clusterIP":"%s","clusterIPs":["%s"],"ports":['
            b'{"name":"p","port":80,"protocol":"TCP"}]}}}\n' %
            (b"ADDED" if number < 2000 else b"MODIFIED", number % 1000,
             number, ip, ip))


def tiny_objects(_request):
    """A list without end of objects without content."""
    yield _CHUNKED
    yield _chunk(b'{"metadata":{"resourceVersion":"9"},"items":[{}')
    while True:
        yield _chunk(b",{}" * 20_000)


_tokens = itertools.count()


def continues(request):
    if b"watch=" in request:
        yield b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
        return
    body = json.dumps({"kind": "List", "apiVersion": "v1", "metadata": {
        "resourceVersion": "9", "continue": f"t{next(_tokens)}"},
        "items": []}).encode()
    yield _HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def gzip_bomb(_request):
    made = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(made.compress(b"[" * _PIECE)
                    for _ in range(8192)) + made.flush()
    yield (_HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" %
           (len(body), body))


def flapping(_request):
    yield b""  # and closed at once


TURNS = {turn.__name__: turn for turn in (
    status_line, headers, header_line, brackets, one_object, tiny_objects,
    continues, gzip_bomb, flapping, events)}


class Hostile:
    def __init__(self, port, turn):
        self._turn = turn
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(64)
        self.answered = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            one, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=[one],
                             daemon=True).start()

    def _serve(self, one):
        with one:
            try:
                while request := self._request(one):
                    self.answered += 1
                    for octets in self._turn(request):
                        one.sendall(octets)
                    if self._turn is not continues:
                        return
            except OSError:
                pass

    @staticmethod
    def _request(one):
        held = b""
        while not held.endswith(b"\r\n\r\n"):
            octets = one.recv(1 << 16)
            if not octets:
                return None
            held += octets
        return held


def main():
    with FakeApi(Example()) as api:
        print(api.url, flush=True)
        for line in map(str.strip, sys.stdin):
            if line in TURNS:
                api.is_away = True  # for connections that last
                break
            if line.startswith("add "):
                api.add(File(line.removeprefix("add ")))
            else:
                api.is_away = line == "away"
        else:
            return
    hostile = Hostile(int(api.url.rpartition(":")[2]), TURNS[line])
    sys.stdin.read()
    json.dump({"answered": hostile.answered}, sys.stdout)


if __name__ == "__main__":
    main()
