"""Stops one thread of a process, as a fault could, and continues it later."""

import contextlib
import ctypes
import os
import pathlib
import signal

import pytest

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_ALL = 0x40000000  # __WALL: threads too

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                         ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def threads(pid, name):
    """Returns the threads with that name, in the order of their start."""
    return [int(task.name) for task
            in sorted(pathlib.Path(f"/proc/{pid}/task").iterdir(),
                      key=lambda task: int(task.name))
            if (task / "comm").read_text().strip() == name]


class FrozenThread:
    """The thread is stopped while this is open.  Use it from one thread of the
    test only.  If the thread ends while it is stopped, it must be reaped before
    its process can be."""

    def __init__(self, thread):
        self._thread = thread
        self._ended = False

    def __enter__(self):
        if _libc.ptrace(_SEIZE, self._thread, None, None) != 0:
            pytest.skip(f"no ptrace: {os.strerror(ctypes.get_errno())}")
        _libc.ptrace(_INTERRUPT, self._thread, None, None)
        os.waitpid(self._thread, _ALL)
        return self

    def __exit__(self, *exception):
        if self._ended or _libc.ptrace(_DETACH, self._thread, None, None) == 0:
            return
        os.kill(self._thread, signal.SIGKILL)  # its process, which hangs
        os.waitpid(self._thread, _ALL)

    def has_ended(self):
        """True once the process has ended with the thread in it."""
        with contextlib.suppress(ChildProcessError):
            found, status = os.waitpid(self._thread, _ALL | os.WNOHANG)
            self._ended = found != 0 and not os.WIFSTOPPED(status)
        return self._ended
