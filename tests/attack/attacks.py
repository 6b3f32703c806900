"""All attacks, in the order of the table."""

import api
import connections
import messages
import objects
import pages
import surroundings
import waiting

_TOGETHER = {attack.name: attack for attack in (
    *messages.ATTACKS, *waiting.ATTACKS, *objects.ATTACKS, *pages.ATTACKS)}
_EVERYTHING = waiting.Everything(
    [_TOGETHER[name] for name in ("1a", "1b", "3", "4a", "5a")])

_FOUND = [*messages.ATTACKS, *messages.MORE, *connections.ATTACKS,
          *connections.MORE, *waiting.ATTACKS, *waiting.MORE,
          *objects.ATTACKS, *objects.MORE, *pages.ATTACKS,
          *surroundings.ATTACKS, *surroundings.MORE, *api.ATTACKS,
          _EVERYTHING]


def _order(attack):
    digits = attack.name.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits), attack.name


ALL = sorted(_FOUND, key=_order)


def by_name(name):
    return next(attack for attack in ALL if attack.name == name)
