"""A hostile API server, or a hostile host between us and the API server.  A
test sets the octets of its responses.  Until then each list is empty and each
watch is silent."""

import json
import socket
import threading
import time
import urllib.parse

RESOURCES = {"namespaces": "Namespace", "services": "Service",
             "endpointslices": "EndpointSlice"}


def highest_memory(server):
    with open(f"/proc/{server.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status
                    if line.startswith("VmHWM:"))


def list_of(resource, items=b"", token="", version="7"):
    """Returns the JSON text of a list.  `items` are JSON texts, separated by
    commas."""
    return (b'{"kind":"%sList","apiVersion":"v1","metadata":{'
            b'"resourceVersion":"%s","continue":"%s"},"items":[%s]}' % (
                RESOURCES[resource].encode(), version.encode(),
                token.encode(), items))


def event(kind, version, /, **thing):
    """Returns the JSON text of a watch event."""
    metadata = {"resourceVersion": str(version), **thing.pop("metadata", {})}
    return json.dumps({"type": kind, "object": {
        "metadata": metadata, **thing}}).encode() + b"\n"


def end_of_list(version):
    """The event that ends a streamed list."""
    return event("BOOKMARK", version, metadata={
        "annotations": {"k8s.io/initial-events-end": "true"}})


def reply(body, *headers, status="200 OK"):
    """Returns a whole HTTP response."""
    head = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers,
            f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


NO_STREAMS = reply(b'{"kind":"Status","code":422,"reason":"Invalid"}',
                   status="422 Unprocessable Entity")


class Request:
    def __init__(self, line):
        url = urllib.parse.urlsplit(line.split()[1])
        self.resource = url.path.rsplit("/", 1)[-1]
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.time = time.monotonic()

    @property
    def is_watch(self):
        return "watch" in self.query and not self.is_stream

    @property
    def is_stream(self):
        """True for a list that arrives as the first events of a watch, and for
        that watch."""
        return "sendInitialEvents" in self.query


class HostileApi:
    """`lists` and `watches` are functions that take a Request and return octets
    or an iterable of octets.  The connection closes at the end of an iterable.
    None means silence.  Without `streams`, streamed lists get status 422 and
    are not in `asked`."""

    def __init__(self, lists=None, watches=None, streams=None):
        self.lists = lists or (lambda request: reply(list_of(request.resource)))
        self.watches = watches or (lambda request: None)
        self.streams = streams
        self.asked = []  # Requests, in order
        self._ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._socket.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def times(self, resource, watch=False):
        """Returns when lists in pages, or watches, of the resource were
        requested."""
        return [request.time for request in list(self.asked)
                if request.resource == resource and not request.is_stream
                and request.is_watch == watch]

    def streamed(self, resource):
        """Returns when streamed lists of the resource were requested."""
        return [request.time for request in list(self.asked)
                if request.resource == resource and request.is_stream]

    def _accept(self):
        while not self._ended.is_set():
            try:
                connection = self._socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,),
                             daemon=True).start()

    def _converse(self, connection):
        with connection, connection.makefile("rb") as lines:
            try:
                while self._answer(connection, lines):
                    pass
            except OSError:
                pass  # it hung up

    def _answer(self, connection, lines):
        line = lines.readline().decode()
        if not line:
            return False
        while lines.readline() not in (b"\r\n", b""):
            pass
        request = Request(line)
        answer = (self.streams if request.is_stream else self.watches
                  if request.is_watch else self.lists)
        if answer is None:
            connection.sendall(NO_STREAMS)
            return True
        self.asked.append(request)
        octets = answer(request)
        if octets is None:
            self._ended.wait()
            return False
        if isinstance(octets, bytes):
            connection.sendall(octets)
            return True
        for some in octets:
            if self._ended.is_set():
                break
            connection.sendall(some)
        return False
