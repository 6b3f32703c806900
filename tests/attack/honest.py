#!/usr/bin/python3
"""The honest clients: questions on a schedule, each sent once, until stdin
ends.  Then prints what became of each, as JSON.

Over UDP an answer's time is the kernel's, so that this program's own lateness
is not the server's.  Over TCP it is this program's; where its loop was late,
the question is marked."""

import gc
import itertools
import json
import select
import socket
import sys
import time

import wire
from honest_transport import Connection, Datagrams, Loop

PATIENCE = 5.0  # seconds to wait for an answer, as glibc does
STALLED = 0.02  # seconds: a loop later than that marks what it asks

_CLUSTER = [
    ("cart.shop.svc.cluster.local", "A"),
    ("catalog.shop.svc.cluster.local", "AAAA"),
    ("_grpc._tcp.catalog.shop.svc.cluster.local", "SRV"),
    ("11.100.96.10.in-addr.arpa", "PTR"),
    ("orders-db.data.svc.cluster.local", "A"),
    ("orders-db-0.orders-db.data.svc.cluster.local", "A"),
    ("_postgresql._tcp.orders-db.data.svc.cluster.local", "SRV"),
    ("users-db.data.svc.cluster.local", "AAAA"),
    ("kubernetes.default.svc.cluster.local", "A"),
    ("10-244-1-11.shop.pod.cluster.local", "A"),
]
_NAMESPACES = ["shop", "web", "data", "messaging"]


def questions():
    """(kind, message, rcode, least answers), for ever.  Of twenty: eleven of
    the cluster, five of search paths, three of outside names that are cached,
    and an outside name that nobody asked before."""
    cluster = itertools.cycle(
        ("cluster", wire.question(name, rtype), wire.NOERROR, 1)
        for name, rtype in _CLUSTER)
    for number in itertools.count():
        turn = number % 20
        if turn == 19:
            yield ("outside, new", wire.question(f"n{number}.honest.test"),
                   wire.NOERROR, 1)
        elif turn % 6 == 5:
            yield ("outside", wire.question(f"www{number % 7}.honest.test"),
                   wire.NOERROR, 1)
        elif turn % 4 == 3 or turn == 6:
            space = _NAMESPACES[number % len(_NAMESPACES)]
            yield ("search path", wire.question(
                f"www{number}.example.com.{space}.svc.cluster.local"),
                   wire.NXDOMAIN, 0)
        else:
            yield next(cluster)


class Asked:
    def __init__(self, kind, transport, rcode, least, late):
        self.kind, self.transport = kind, transport
        self.rcode, self.least = rcode, least
        self.sent = time.time()
        self.late = late
        self.seconds = None
        self.why = "no answer"

    def take(self, message, now):
        if wire.rcode(message) != self.rcode:
            self.why = f"rcode {wire.rcode(message)}"
        elif wire.is_truncated(message) or wire.answers(message) < self.least:
            self.why = "an answer without the records"
        else:
            self.seconds, self.why = now - self.sent, None

    def row(self):
        return [self.sent, self.seconds, self.late, self.kind, self.transport,
                self.why]


class Clients:
    def __init__(self, address, port, sources):
        self._server = (address, port)
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._sources = itertools.cycle(sources)
        self.loop = Loop()
        self._datagrams = [Datagrams(self.loop, self._family, source,
                                     self._server) for source in sources]
        self._turns = itertools.cycle(self._datagrams)
        self._lasting = None
        self._single = []
        self.all = []

    def ask(self, number, question, late):
        kind, message, rcode, least = question
        turn = number % 25
        transport = ("TCP, new" if turn == 0 else
                     "TCP" if turn in (8, 16) else "UDP")
        asked = Asked(kind, transport, rcode, least, late)
        self.all.append(asked)
        if turn == 0:
            one = self._connect(lasts=False)
            self._single = [one] + [c for c in self._single if c.open]
        elif turn in (8, 16):
            if not self._lasting or not self._lasting.open:
                self._lasting = self._connect(lasts=True)
            one = self._lasting
        else:
            one = next(self._turns)
        one.ask(message, asked)

    def wait(self):
        """Until every question is answered, or waited for long enough."""
        last = time.time() + PATIENCE
        while time.time() < last and self._pending():
            self.loop.turn(0.05)

    def _pending(self):
        connections = [c for c in [self._lasting, *self._single] if c]
        return any(one.pending for one in self._datagrams + connections)

    def _connect(self, lasts):
        return Connection(self.loop, self._family, next(self._sources),
                          self._server, lasts)


def main():
    told = json.loads(sys.argv[1])
    clients = Clients(told["address"], told["port"], told["sources"])
    stop = select.poll()
    stop.register(sys.stdin, select.POLLIN)
    gc.disable()
    made = questions()
    period = 1 / told["per_second"]
    due = time.time()
    stalled, stalls = False, []
    for number in itertools.count():
        clients.loop.turn(due - time.time())
        while (now := time.time()) < due:
            clients.loop.turn(due - now)
        stalled = now - due > STALLED
        if stalled:
            stalls.append(now - due)
        clients.ask(number, next(made), stalled)
        due += period
        if number % 10 == 0 and stop.poll(0):
            break
    clients.wait()
    json.dump({"questions": [asked.row() for asked in clients.all],
               "longest_stall": max(stalls, default=0)}, sys.stdout)


if __name__ == "__main__":
    main()
