#!/usr/bin/python3
"""One process of an attack: `attacker.py NAME TARGET`, the latter as JSON.
Prints what was sent, as JSON."""

import contextlib
import dataclasses
import json
import resource
import sys

import paths  # noqa: F401
import attacks
from attack import Target


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    chosen = attacks.by_name(sys.argv[1])
    sent = chosen.attack(Target(**json.loads(sys.argv[2])))
    json.dump(dataclasses.asdict(sent), sys.stdout)


if __name__ == "__main__":
    main()
