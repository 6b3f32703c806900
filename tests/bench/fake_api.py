"""A Kubernetes API server that only reads out: lists in pages and watches with
bookmarks, over plain HTTP on loopback.  No selectors, no protobuf, no gzip.

It runs on threads of the calling process, so that `add` can tell the moment
at which an event was written to the watches."""

import contextlib
import http.server
import sys
import threading
import time
import urllib.parse

from cluster import API_VERSION, KIND, json_bytes, typed

_BOOKMARK_PERIOD = 5.0  # seconds
_GONE = {"kind": "Status", "apiVersion": "v1", "status": "Failure",
         "reason": "Expired", "message": "too old resource version",
         "code": 410}
_NO_STREAMED_LIST = {**_GONE, "reason": "Invalid", "code": 422,
                     "message": "sendInitialEvents is not known here"}
_NOT_FOUND = {**_GONE, "reason": "NotFound", "code": 404,
              "message": "there is no such object"}


class _Watch:
    def __init__(self, resource, write):
        self.resource = resource
        self.write = write
        self.ended = threading.Event()

    def send(self, line):
        try:
            self.write(b"%x\r\n%s\r\n" % (len(line), line))
        except OSError:
            self.ended.set()


class FakeApi:
    def __init__(self, cluster):
        self._lock = threading.Lock()
        self._version = 1
        self._oldest = 1  # watches from before are answered with 410
        self._items = {resource: [] for resource in KIND}
        self._places = {}  # (resource, namespace, name): index in its items
        self._events = []  # (version, resource, line)
        self._watches = set()
        self.is_away = False
        for resource, thing in cluster.objects():
            self._store(resource, thing)

    def __enter__(self):
        self._http = _Http(("127.0.0.1", 0),
                           type("Handler", (_Handler,), {"api": self}))
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()
        for watch in list(self._watches):
            watch.ended.set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._http.server_port}"

    def watched(self):
        """The resources that have an open watch."""
        with self._lock:
            return {watch.resource for watch in self._watches}

    def add(self, service):
        """Writes ADDED events; returns time.perf_counter() just before."""
        with self._lock:
            lines = [self._event_line("ADDED", resource, thing)
                     for resource, thing in service.objects()]
            return self._send_all(lines)

    def modify(self, resource, thing):
        """Writes a MODIFIED event of what is there; returns as `add` does."""
        with self._lock:
            return self._send_all(
                [self._event_line("MODIFIED", resource, thing)])

    def expire_watches(self):
        """As after a compaction: every watch ends with 410."""
        with self._lock:
            self._version += 1
            self._oldest = self._version
            self._events.clear()
            for watch in self._watches:
                watch.send(_event("ERROR", _GONE))
                watch.ended.set()
            self._watches.clear()

    @contextlib.contextmanager
    def away(self):
        """Every connection is closed, and each request's that comes."""
        with self._lock:
            self.is_away = True
            for watch in self._watches:
                watch.ended.set()
        yield
        self.is_away = False

    def _store(self, resource, thing):
        self._version += 1
        meta = thing["metadata"]
        meta["resourceVersion"] = str(self._version)
        items = self._items[resource]
        place = self._places.setdefault(
            (resource, meta.get("namespace"), meta["name"]), len(items))
        items[place:place + 1] = [json_bytes(thing)]

    def _event_line(self, kind, resource, thing):
        self._store(resource, thing)
        line = _event(kind, typed(resource, thing))
        self._events.append((self._version, resource, line))
        return resource, line

    def _send_all(self, lines):
        start = time.perf_counter()
        for resource, line in lines:
            for watch in self._watches:
                if watch.resource == resource:
                    watch.send(line)
        return start

    # What the handler asks for.

    def page(self, resource, limit, start):
        with self._lock:
            items = self._items.get(resource, [])
            version = self._version
        end = min(start + limit, len(items)) if limit else len(items)
        meta = {"resourceVersion": str(version)}
        if end < len(items):
            meta |= {"continue": str(end), "remainingItemCount":
                     len(items) - end}
        head = json_bytes({"kind": KIND.get(resource, "Unknown") + "List",
                           "apiVersion": API_VERSION.get(resource, "v1"),
                           "metadata": meta})
        return head[:-1] + b',"items":[' + b",".join(items[start:end]) + b"]}"

    def serve_watch(self, resource, version, write):
        """Returns when the watch is over."""
        watch = _Watch(resource, write)
        with self._lock:
            if version < self._oldest:
                return watch.send(_event("ERROR", _GONE))
            for at, of, line in self._events:
                if at > version and of == resource:
                    watch.send(line)
            self._watches.add(watch)
        while not watch.ended.wait(_BOOKMARK_PERIOD):
            with self._lock:
                watch.send(self._bookmark(resource))
        with self._lock:
            self._watches.discard(watch)

    def _bookmark(self, resource):
        at = {"metadata": {"resourceVersion": str(self._version)}}
        if resource not in KIND:
            return _event("BOOKMARK", at)
        return _event("BOOKMARK", typed(resource, at))


class _Http(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # it was killed
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    api = None
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.api.is_away:
            self.close_connection = True
            return
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        words = url.path.strip("/").split("/")
        if words == ["version"]:
            self._reply(json_bytes({"major": "1", "minor": "30",
                                    "gitVersion": "v1.30.0"}))
        elif "namespaces" in words[:-1]:  # one object, by name
            self._reply(json_bytes(_NOT_FOUND), 404)
        elif "sendInitialEvents" in query:
            self._reply(json_bytes(_NO_STREAMED_LIST), 422)
        elif query.get("watch") in ("1", "true"):
            self._watch(words[-1], query)
        else:
            self._list(words[-1], query)

    def _list(self, resource, query):
        limit = int(query.get("limit", 0))
        if query.get("resourceVersion") == "0":
            limit = 0  # from the watch cache, which knows no pages
        start = int(query.get("continue", 0))
        self._reply(self.api.page(resource, limit, start))

    def _watch(self, resource, query):
        self._head(200, "Transfer-Encoding", "chunked")
        version = int(query.get("resourceVersion") or 0)
        self.api.serve_watch(resource, version, self.wfile.write)
        try:
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def _reply(self, body, code=200):
        self._head(code, "Content-Length", str(len(body)))
        self.wfile.write(body)

    def _head(self, code, name, value):
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header(name, value)
        self.end_headers()


def _event(kind, thing):
    return json_bytes({"type": kind, "object": thing}) + b"\n"
