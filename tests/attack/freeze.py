#!/usr/bin/python3
"""Stops one thread, as a debugger does: `freeze.py TID`.  Prints a line once
it stands; it goes on when this program ends."""

import ctypes
import os
import sys

_PTRACE_INTERRUPT, _PTRACE_SEIZE = 0x4207, 0x4206
_WALL = 0x40000000


def main():
    thread = int(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    for request in (_PTRACE_SEIZE, _PTRACE_INTERRUPT):
        if libc.ptrace(request, thread, None, None) != 0:
            print(os.strerror(ctypes.get_errno()), flush=True)
            return 1
    os.waitpid(thread, _WALL)
    print("frozen", flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
