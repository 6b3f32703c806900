"""dig, as a person uses it."""

import shutil
import subprocess


def dig(port, *words, address="127.0.0.1", prefix=()):
    """What dig prints.  `prefix` runs it elsewhere, in a namespace."""
    done = subprocess.run(
        [*prefix, shutil.which("dig"), f"@{address}", "-p", str(port),
         "+tries=1", "+time=10", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def short(port, *words, **where):
    """The data alone, one line a record, sorted."""
    return sorted(dig(port, "+short", *words, **where).splitlines())
