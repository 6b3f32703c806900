"""A relay of TCP connections between canopydns and the API server, which can be
told to fail in several ways.

As a program it is the half inside a network namespace: Unix sockets lead out of
the namespace.    python3 relay.py PORT PATH"""

import os
import socket
import sys
import threading
import time

_CHUNK = 65536


class Relay:
    """Listens once constructed, at `port` of loopback or at `path`.

    `mode` is "pass", "slow" (one octet a second towards the client) or
    "garbage" (answers the client with octets that are not TLS).  A new mode
    also applies to open connections."""

    def __init__(self, to_port, path=None):
        self.mode = "pass"
        self.to_port = to_port
        self.accepted = 0
        self._open = set()
        self._closed = False
        if path:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
        else:
            self._listener = socket.socket()
            self._listener.bind(("127.0.0.1", 0))
            self.port = self._listener.getsockname()[1]
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def cut(self):
        """Closes all connections."""
        for one in list(self._open):
            _end(one)

    def close(self):
        self._closed = True
        _end(self._listener)
        self._listener.close()
        self.cut()

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                server = socket.create_connection(("127.0.0.1", self.to_port))
            except OSError:
                client.close()
                continue
            self._open |= {client, server}
            for work in (self._up, self._down):
                threading.Thread(target=work, args=(client, server),
                                 daemon=True).start()

    def _up(self, client, server):
        for octets in _received(client):
            if self.mode == "garbage":
                _send(client, os.urandom(100))
                break
            if not _send(server, octets):
                break
        self._forget(client, server)

    def _down(self, client, server):
        for octets in _received(server):
            if self.mode == "garbage":
                break
            while self.mode == "slow" and octets:
                if not _send(client, octets[:1]):
                    break
                octets = octets[1:]
                time.sleep(1)
            if not _send(client, octets):
                break
        self._forget(client, server)

    def _forget(self, *pair):
        for one in pair:
            _end(one)
            self._open.discard(one)


def _received(one):
    while True:
        try:
            octets = one.recv(_CHUNK)
        except OSError:
            return
        if not octets:
            return
        yield octets


def _send(one, octets):
    try:
        one.sendall(octets)
        return True
    except OSError:
        return False


def _end(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _inside(port, path):
    """Relays TCP inside the namespace to the Unix socket that leads out."""
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    print("listens", flush=True)

    def copy(source, target):
        for octets in _received(source):
            if not _send(target, octets):
                break
        _end(source)
        _end(target)

    def accept():
        while True:
            client, _ = listener.accept()
            outside = socket.socket(socket.AF_UNIX)
            outside.connect(path)
            for pair in (client, outside), (outside, client):
                threading.Thread(target=copy, args=pair, daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()  # until the test is over


if __name__ == "__main__":
    _inside(int(sys.argv[1]), sys.argv[2])
