"""dig, as a user runs it."""

import shutil
import subprocess


def dig(port, *words, address="127.0.0.1", prefix=()):
    """Returns the output of dig.  `prefix` runs it elsewhere, such as in a
    network namespace."""
    done = subprocess.run(
        [*prefix, shutil.which("dig"), f"@{address}", "-p", str(port),
         "+tries=1", "+time=10", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def short(port, *words, **where):
    """Returns only the data, one line per record, sorted."""
    return sorted(dig(port, "+short", *words, **where).splitlines())
