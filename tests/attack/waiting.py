"""Questions that wait for upstreams."""


import resource

import wire
from attack import Attack, Sent, flood

_SOURCES = [f"127.0.9.{i}" for i in range(1, 9)]


class JoinedCopies(Attack):
    name = "3"
    what = ("32,000 copies in a second of two questions about a slow domain, "
            "twice")
    seconds = 6

    def attack(self, target):
        sent = Sent()
        for turn in range(2):
            names = [f"{turn}{which}.slow.test" for which in "ab"]
            made = [wire.question(name) for name in names]
            target.seconds = 1
            sent += flood(target, 32_000, lambda number: wire.numbered(
                made[number & 1], number >> 1), _SOURCES, linger=2)
        return sent


class NewNames(Attack):
    name = "3b"
    what = "2,000 names a second of a dead domain, none twice"

    def attack(self, target):
        return flood(target, 2000, lambda number: wire.question(
            f"n{number}.dead.test", number=number & 0xFFFF))


class NewSlowNames(Attack):
    name = "3c"
    flags = ("--cache-memory=8M",)  # what is in the cache stays
    what = "500 names a second of a domain that answers 60 KiB after 1.7 s"

    def attack(self, target):
        return flood(target, 500, lambda number: wire.question(
            f"n{number}.late.test", "TXT", number & 0xFFFF), _SOURCES)


class DeadDomain(Attack):
    name = "10"
    what = "5 names a second of a dead domain, while little else is asked"
    seconds = 10
    honest_per_second = 20  # questions; others hide the fault

    def attack(self, target):
        return flood(target, 5, lambda number: wire.question(
            f"n{number}.dead.test", number=number))

    def faults(self, server):
        said = [line for line in server.log().splitlines()
                if " is down" in line]
        return [f"'{said[0]}' and {len(said) - 1} more"] if said else []


class Neighbours(Attack):
    name = "11"
    what = ("an IPv6 client asks 2,000 new names of a dead domain a second; "
            "the honest ones are in its /64")
    needs_namespace = True
    address = "::1"
    honest_sources = tuple(f"fd00:10:244:1::{i}" for i in range(11, 19))

    def attack(self, target):
        return flood(target, 2000, lambda number: wire.question(
            f"n{number}.dead.test", number=number & 0xFFFF),
                     ["fd00:10:244:1::66"])


class NeighboursAboveRate(Neighbours):
    name = "11b"
    what = "as 11, cluster names, above --client-qps=200"
    flags = ("--client-qps=200",)

    def attack(self, target):
        return flood(target, 5000, lambda number: wire.question(
            "cart.shop.svc.cluster.local", number=number & 0xFFFF),
                     ["fd00:10:244:1::66"])


class ManyClients(Attack):
    name = "13g"
    what = "5,000 questions a second of 20,000 clients, beside --client-qps=200"
    flags = ("--client-qps=200",)
    # Below it: 500 questions a second of 16 clients.
    honest_sources = tuple(f"127.0.1.{i}" for i in range(1, 17))

    def attack(self, target):
        made = wire.question("cart.shop.svc.cluster.local")
        sources = [f"127.{10 + i // 250}.9.{1 + i % 250}"
                   for i in range(20_000)]
        sources = sources[:_files() - 100]
        return flood(target, 5000, lambda number: wire.numbered(made, number),
                     sources, reads=False)


def _files():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Everything(Attack):
    name = "14"
    what = "1a, 1b, 3, 4a and 5a at once"
    processes = 5

    def __init__(self, attacks):
        self._attacks = attacks

    def prepare(self, place):
        return [flag for attack in self._attacks
                for flag in attack.prepare(place)]

    def attack(self, target):
        chosen = self._attacks[target.process]
        target.process = 0
        return chosen.attack(target)


ATTACKS = [JoinedCopies(), NewNames(), NewSlowNames()]
MORE = [ManyClients(), DeadDomain(), Neighbours(), NeighboursAboveRate()]
