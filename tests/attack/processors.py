"""How busy others keep the processors: where they do, an answer's time says
little of the server."""

import os
import pathlib
import time

_TICK = os.sysconf("SC_CLK_TCK")


class ByOthers:
    """From the moment it is made."""

    def __init__(self):
        self._began, self._before = time.monotonic(), self._seconds()

    def share(self):
        """Of all processors, 0 to 1."""
        seconds = self._seconds() - self._before
        passed = (time.monotonic() - self._began) * os.cpu_count()
        return max(0.0, seconds / passed)

    @classmethod
    def _seconds(cls):
        return cls._all() - cls._ours()

    @staticmethod
    def _all():
        """Without interrupts: those of loopback are our own."""
        line = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0]
        user, nice, system, _idle, _wait, _irq, _soft, steal = map(
            int, line.split()[1:9])
        return (user + nice + system + steal) / _TICK

    @staticmethod
    def _ours():
        """This process and its children, those too that have ended."""
        ticks = 0
        for path in pathlib.Path("/proc/self/task").glob("*/children"):
            for child in path.read_text().split():
                try:
                    stat = pathlib.Path(f"/proc/{child}/stat").read_text()
                except OSError:
                    continue
                fields = stat.rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return sum(os.times()[:4]) + ticks / _TICK
