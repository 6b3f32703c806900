"""Queries one name repeatedly until its stdin is closed, as different kinds of
clients do, and prints the results.  A program of its own, because it runs
inside a network namespace.

  udp   each query from a new socket: glibc, musl, Go
  tcp   each query over a new connection
  kept  one connection for all queries.  A server may close it at any time;
        unanswered queries are sent again over a new one (RFC 7766 6.2.4)"""

import json
import os
import select
import socket
import sys

SECONDS = 10


class Client:
    def __init__(self, kind, address, port, question, last_octets):
        self._ask_once = getattr(self, f"_{kind}")
        self._server = address, port
        self._question, self._last_octets = question, last_octets
        self._connection = None
        self.sent = self.answered = self.closed = 0
        self.lost = []

    def ask(self):
        self.sent += 1
        ask = os.urandom(2) + self._question[2:]
        try:
            reply = self._ask_once(ask)
        except OSError as error:
            self.lost.append(repr(error))
            return
        # NOERROR, the query's ID, and the address at the end.
        right = (reply[:2] == ask[:2] and reply[3] & 15 == 0
                 and reply.endswith(self._last_octets))
        if right:
            self.answered += 1
        else:
            self.lost.append(f"a wrong answer: {reply.hex()}")

    def _udp(self, ask):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.settimeout(SECONDS)
            own.connect(self._server)
            own.send(ask)
            return own.recv(4096)

    def _tcp(self, ask):
        with self._connected() as own:
            own.sendall(_framed(ask))
            return _message(own)

    def _kept(self, ask):
        try:
            return self._kept_once(ask)
        except ConnectionError:
            self.closed += 1
            self._connection = None
            return self._kept_once(ask)

    def _kept_once(self, ask):
        if not self._connection:
            self._connection = self._connected()
        self._connection.sendall(_framed(ask))
        return _message(self._connection)

    def _connected(self):
        return socket.create_connection(self._server, SECONDS)


def _framed(message):
    return len(message).to_bytes(2, "big") + message


def _message(connection):
    return _octets(connection, int.from_bytes(_octets(connection, 2), "big"))


def _octets(connection, count):
    octets = b""
    while len(octets) < count:
        more = connection.recv(count - len(octets))
        if not more:
            raise ConnectionResetError("closed before the answer")
        octets += more
    return octets


if __name__ == "__main__":
    kind, address, port, question, last_octets = sys.argv[1:]
    client = Client(kind, address, int(port), bytes.fromhex(question),
                    bytes.fromhex(last_octets))
    while not select.select([sys.stdin], [], [], 0)[0]:
        client.ask()
    print(json.dumps({"sent": client.sent, "answered": client.answered,
                      "lost": client.lost, "closed": client.closed}))
