"""What an attack is, and the means most of them have in common."""

import contextlib
import pathlib
import socket
import time
from dataclasses import asdict, dataclass

import wire

ATTACKER = "127.0.9.1"
_TICK = 0.005


@dataclass
class Target:
    """Where the server is, as an attacker knows it."""

    address: str
    port: int
    zone_port: int
    http_port: int
    pid: int
    seconds: float
    process: int = 0  # which of the attack's processes this is


@dataclass
class Place:
    """What an attack is prepared with."""

    binary: pathlib.Path
    folder: pathlib.Path
    stack: contextlib.ExitStack  # ends with the attack
    upstream: str


@dataclass
class Sent:
    messages: int = 0
    octets: int = 0
    answered: int = 0
    shed: int = 0  # refused, failed, cut or closed

    def __add__(self, other):
        return Sent(*(mine + theirs for mine, theirs in zip(
            asdict(self).values(), asdict(other).values())))

    def take(self, message):
        good = (wire.rcode(message) in (wire.NOERROR, wire.NXDOMAIN) and
                not wire.is_truncated(message))
        self.answered += good
        self.shed += not good


class Attack:
    """One row of the table.  `attack` runs in `processes` processes of its
    own, niced; the rest in the suite's."""

    name = what = ""
    flags = ()
    workers = 2
    processes = 1
    seconds = 4
    address = "127.0.0.1"
    honest_per_second = 500
    honest_sources = tuple(f"127.0.1.{i}" for i in range(1, 9))
    prefix = ()  # before the server's command
    serves_example = True
    judges_honest = judges_health = judges_memory = True
    needs_namespace = False
    ends_by_sigterm_within = 5.0  # seconds
    ends_meanwhile = False  # by itself, as it should

    resolver_at = ("127.0.0.1", 0)

    def upstream_flags(self, place):
        return [f"--nameservers={place.upstream}"]

    def prepare(self, place):
        """Before the server starts.  Returns more flags."""
        return []

    def log(self, place):
        """Where the server's stderr goes; None: to a file."""
        return None

    def attack(self, target):
        """Returns Sent after about `target.seconds`."""
        time.sleep(target.seconds)
        return Sent()

    def meanwhile(self, server, seconds):
        """Beside `attack`, for about as long."""

    def sent(self):
        """What `meanwhile` sent."""
        return Sent()

    def faults(self, server):
        """What else is wrong, in words; before the server is ended."""
        return []


def pace(per_second, seconds):
    """How much is to be sent now, again and again.  What was missed for want
    of a processor is not made up for."""
    began = last = time.monotonic()
    owed = 0.0
    while (now := time.monotonic()) - began < seconds:
        owed = min(owed + (now - last) * per_second,
                   max(1.0, per_second * 20 * _TICK))
        last = now
        yield int(owed)
        owed -= int(owed)
        time.sleep(max(_TICK, 0.5 / per_second))


def sockets(target, sources, kind=socket.SOCK_DGRAM, port=None):
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    for source in sources:
        made = socket.socket(family, kind)
        made.bind((source, 0))
        if kind == socket.SOCK_DGRAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        else:
            made.settimeout(2)
        with contextlib.suppress(OSError):
            made.connect((target.address, port or target.port))
        made.setblocking(False)
        yield made


def flood(target, per_second, make, sources=(ATTACKER,), port=None,
          linger=0.5, reads=True):
    """Datagrams: `make(number)` from each source in turn."""
    sent, number = Sent(), 0
    made = list(sockets(target, sources, port=port))
    for count in pace(per_second, target.seconds):
        for _ in range(count):
            message = make(number)
            with contextlib.suppress(OSError):
                made[number % len(made)].send(message)
                sent.messages += 1
                sent.octets += len(message)
            number += 1
        if reads:
            _read_all(made, sent)
    time.sleep(linger)
    _read_all(made, sent)
    return sent


def _read_all(made, sent):
    for one in made:
        with contextlib.suppress(OSError):
            while True:
                message = one.recv(65535)
                if len(message) >= 12:
                    sent.take(message)


class Stream:
    """A connection that never waits: what cannot be sent now is not sent."""

    def __init__(self, made):
        self.socket = made
        self._frames = wire.Frames()
        self._out = b""
        self.open = True

    def send(self, octets):
        """Whether all before it was sent, so that this is on its way too."""
        if self._out:
            self.flush()
        if self._out or not self.open:
            return False
        self._out = octets
        self.flush()
        return self.open

    def flush(self):
        try:
            self._out = self._out[self.socket.send(self._out):]
        except BlockingIOError:
            pass
        except OSError:
            self.open = False

    def read(self, sent):
        try:
            while octets := self.socket.recv(1 << 16):
                for message in self._frames.feed(octets):
                    sent.take(message)
            self.open = False
        except BlockingIOError:
            pass
        except OSError:
            self.open = False


def streams(target, sources, port=None):
    return [Stream(made) for made in
            sockets(target, sources, socket.SOCK_STREAM, port)]

