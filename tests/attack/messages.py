"""Messages that cost more to read than to send."""

import itertools
import random
import struct
import time

import wire
from attack import ATTACKER, Attack, Sent, flood, pace, streams


def pointer_question(size):
    """Behind the question a record of pointers, each to the one before, and
    then as many records as there is room for, whose owner is the last."""
    question = wire.name("a.test") + struct.pack("!HH", 1, 1)
    start = 12 + len(question) + 11
    octets = min(size // 2, 16382 - start) & ~1
    chain = wire.pointer_chain(start, octets)
    first = b"\0" + struct.pack("!HHIH", wire.TYPES["TXT"], 1, 0, octets)
    one = (wire.pointer(start + octets - 2) +
           struct.pack("!HHIH", wire.TYPES["TXT"], 1, 0, 0))
    count = (size - start - octets) // len(one)
    return (wire.HEADER.pack(7, wire.RD, 1, 0, 0, 1 + count) + question +
            first + chain + one * count)


class PointersOverTcp(Attack):
    name = "1a"
    what = "TCP questions of 64 KiB, made of compression pointers: 2.7 MB/s"

    def attack(self, target):
        octets = wire.framed(pointer_question(65535))
        return over_tcp(target, [octets], 2.7e6 / len(octets), 8)


def over_tcp(target, frames, per_second, connections):
    sent, turns = Sent(), itertools.cycle(frames)
    sources = [ATTACKER] * connections
    made = streams(target, sources)
    number = 0
    for count in pace(per_second, target.seconds):
        for _ in range(count):
            number += 1
            at = number % len(made)
            if not made[at].open:
                sent.shed += 1
                made[at].socket.close()
                made[at:at + 1] = streams(target, [ATTACKER])
            octets = next(turns)
            if made[at].send(octets):
                sent.messages += 1
                sent.octets += len(octets)
        for one in made:
            one.flush()
            one.read(sent)
    return sent


class PointersOverUdp(Attack):
    name = "1b"
    what = "datagrams of 4 KiB, made of compression pointers: 2.7 MB/s"

    def attack(self, target):
        message = pointer_question(4096)
        return flood(target, 2.7e6 / len(message), lambda number: message)


class HostileAnswers(Attack):
    name = "1c"
    what = ("answers of 64 KiB from the attacker's servers, CNAMEs of "
            "pointers, 200 questions wait for each")

    def attack(self, target):
        made = [wire.question(f"c{i}.chain.test") for i in range(40)]
        return flood(target, 200, lambda number: wire.numbered(
            made[number // 200 % 40], number))


class TerminatedMeanwhile(HostileAnswers):
    name = "1d"
    what = "as 1c, with SIGTERM in the middle"
    judges_honest = judges_health = judges_memory = False
    ends_meanwhile = True

    def meanwhile(self, server, seconds):
        time.sleep(seconds / 2)
        self.code, self.took = server.end(10)

    def faults(self, server):
        if self.code is None:
            return ["SIGTERM did not end it in 10 s"]
        return [] if self.code == 0 else [f"exit code {self.code}"]


class Malformed(Attack):
    name = "13a"
    what = "malformed datagrams, 20,000/s, to both tiers"
    flags = ("--client-qps=500",)
    processes = 2

    def attack(self, target):
        made = _junk(random.Random(7))
        port = target.zone_port if target.process else target.port
        return flood(target, 10_000, lambda number: made[number % len(made)],
                     port=port)


def _junk(rng):
    question = wire.question("web.shop.svc.cluster.local")
    kinds = [lambda: rng.randbytes(rng.randrange(0, 600)),
             lambda: question[:rng.randrange(1, 40)],
             lambda: question + rng.randbytes(40),
             lambda: rng.randbytes(2) + b"\x81\x80" + bytes(8)]
    return [rng.choice(kinds)() for _ in range(2000)]


class ManyRecords(Attack):
    name = "1e"
    what = "TCP questions of 64 KiB: many small records, long names, options"

    def attack(self, target):
        made = [wire.framed(message) for message in _large_questions()]
        return over_tcp(target, made, 2.7e6 / 65535, 8)


def _large_questions():
    question = wire.name("a.test") + struct.pack("!HH", 1, 1)
    room = 65535 - 12 - len(question)
    fixed = struct.pack("!HHIH", wire.TYPES["TXT"], 1, 0, 0)
    for owner in (b"\0", b"\1a" * 127 + b"\0", wire.pointer(12)):
        one = owner + fixed
        count = room // len(one)
        yield (wire.HEADER.pack(7, wire.RD, 1, 0, 0, count) + question +
               one * count)
    options = struct.pack("!HH", 65001, 0) * ((room - 11) // 4)
    yield (wire.HEADER.pack(7, wire.RD, 1, 0, 0, 1) + question + b"\0" +
           struct.pack("!HHIH", wire.TYPES["OPT"], 1232, 0, len(options)) +
           options)


ATTACKS = [PointersOverTcp(), PointersOverUdp(), HostileAnswers(),
           TerminatedMeanwhile(), ManyRecords()]
MORE = [Malformed()]
