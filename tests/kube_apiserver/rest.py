"""A plain client of the Kubernetes API: one request, one answer, no cache."""

import http.client
import json
import threading
import urllib.parse


class ApiError(Exception):
    """The API server said no.  `code` is HTTP's, `reason` Kubernetes'."""

    def __init__(self, code, status, request):
        self.code = code
        self.status = status if isinstance(status, dict) else {}
        self.reason = self.status.get("reason", "")
        message = self.status.get("message", status)
        super().__init__(f"{request}: {code} {self.reason}: {message}")


class Gone(ApiError):
    """410: the resource version is compacted or out of the watch cache."""


class NotFound(ApiError):
    """404: no such object, or no such API."""


def _error(code, status, request):
    kind = {404: NotFound, 410: Gone}.get(code, ApiError)
    return kind(code, status, request)


class Rest:
    """Requests to one server over TLS.  With `keep` each thread keeps its
    connection for the next request, until close()."""

    def __init__(self, host, port, tls, token=None, keep=False):
        self._host, self._port, self._tls = host, port, tls
        self._token, self._keep = token, keep
        self._thread = threading.local()
        self._kept = set()

    def request(self, method, path, body=None, content_type=None, timeout=60):
        """The parsed answer (JSON, else text).  `body` is text, or what
        becomes JSON.  Raises ApiError."""
        headers = self._headers(body is not None and
                                (content_type or "application/json"))
        data = body if body is None or isinstance(body, str) else json.dumps(
            body)
        response, raw = self._exchange(method, path, data, headers, timeout)
        answer = _parsed(response, raw)
        if response.status >= 300:
            raise _error(response.status, answer, f"{method} {path}")
        return answer

    def watch(self, path, resource_version=None, timeout=60, bookmarks=False):
        """Yields (type, object) until the server ends the watch or dies, or
        nothing came for `timeout` seconds.  Raises Gone for a version too
        old."""
        query = {"watch": "true", "allowWatchBookmarks": str(bookmarks).lower()}
        if resource_version is not None:
            query["resourceVersion"] = resource_version
        path += ("&" if "?" in path else "?") + urllib.parse.urlencode(query)
        connection = self._connect(timeout)
        try:
            connection.request("GET", path, headers=self._headers())
            response = connection.getresponse()
            if response.status >= 300:
                answer = _parsed(response, response.read())
                raise _error(response.status, answer, f"GET {path}")
            for line in response:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise _error(status.get("code"), status, f"GET {path}")
                yield event["type"], event["object"]
        except (OSError, http.client.IncompleteRead):
            return  # nothing came for so long, or the server was killed
        finally:
            connection.close()

    def close(self):
        """Not while another thread is asking."""
        for connection in self._kept:
            connection.close()
        self._kept.clear()

    def _headers(self, content_type=None):
        headers = {"Accept": "application/json"}
        if not self._keep:
            headers["Connection"] = "close"
        if content_type:
            headers["Content-Type"] = content_type
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def _connect(self, timeout):
        return http.client.HTTPSConnection(self._host, self._port,
                                           timeout=timeout, context=self._tls)

    def _exchange(self, method, path, data, headers, timeout):
        kept = getattr(self._thread, "connection", None)
        self._thread.connection = None
        if kept is not None and kept.sock is not None:
            kept.sock.settimeout(timeout)
            try:
                return self._ask(kept, method, path, data, headers)
            except TimeoutError:
                raise
            except (OSError, http.client.HTTPException):
                pass  # the server closed it while it was idle
        return self._ask(self._connect(timeout), method, path, data, headers)

    def _ask(self, connection, method, path, data, headers):
        self._kept.discard(connection)
        try:
            connection.request(method, path, body=data, headers=headers)
            response = connection.getresponse()
            raw = response.read()
            if not response.will_close:
                self._thread.connection = connection
                self._kept.add(connection)
        finally:
            if connection not in self._kept:
                connection.close()
        return response, raw


def _parsed(response, raw):
    text = raw.decode(errors="replace")
    if "json" in (response.getheader("Content-Type") or ""):
        return json.loads(text)
    return text
