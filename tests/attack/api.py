"""The API server, or a proxy before it, as the attacker."""

import time

from attack import Attack, Sent
from program import Program


class HostileApi(Attack):
    """Serves the example cluster, and then turns."""

    serves_example = False
    seconds = 6

    def __init__(self, name, turn, what):
        self.name, self._turn = name, turn
        self.what = f"the API server sends {what}"

    def prepare(self, place):
        self._api = place.stack.enter_context(
            Program("api_program.py", nice=10))
        return [f"--kube-master-url={self._api.line()}"]

    def meanwhile(self, server, seconds):
        self._api.tell(self._turn)
        time.sleep(seconds)
        self._answered = self._api.told()["answered"]

    def sent(self):
        return Sent(messages=self._answered)

    def faults(self, server):
        # Three kinds of objects, asked for again with pauses that double.
        if 0 < self._answered < 40 * self.seconds:
            return []
        return [f"{self._answered} requests in {self.seconds} s"]


class EventStorm(HostileApi):
    """Its lists are empty: of the cluster nothing may be left."""

    judges_honest = False


ATTACKS = [
    HostileApi("9a", "status_line", "a status line of 30,000 octets"),
    HostileApi("9b", "headers", "headers without end"),
    HostileApi("9c", "brackets", "an object of 14 MiB of brackets"),
    HostileApi("9d", "continues", "a continue token without end"),
    HostileApi("9e", "gzip_bomb", "512 MiB as 0.5 MiB of gzip"),
    HostileApi("9f", "header_line", "a header without end"),
    HostileApi("9g", "one_object", "an object of 256 MiB"),
    HostileApi("9h", "tiny_objects", "a list without end"),
    HostileApi("9i", "flapping", "nothing, and closes"),
    EventStorm("9j", "events", "events of a thousand Services without pause"),
]
