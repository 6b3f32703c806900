"""A control group with a memory limit, for one process of a test."""

import contextlib
import os
import pathlib

_ROOT = pathlib.Path("/sys/fs/cgroup")


@contextlib.contextmanager
def memory_group(octets):
    """Returns the words to put before a command that run it in a group with
    this limit.  Returns none where no group can be made."""
    folder, limit = _place()
    try:
        folder.mkdir()
        (folder / limit).write_text(str(octets))
    except OSError:
        with contextlib.suppress(OSError):
            folder.rmdir()
        yield ()
        return
    yield ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(folder))
    folder.rmdir()  # the process has ended


def _place():
    name = f"canopydns-test-{os.getpid()}"
    if (_ROOT / "memory").is_dir():  # version 1
        return _ROOT / "memory" / name, "memory.limit_in_bytes"
    return _ROOT / name, "memory.max"
