"""A server process on a core of its own, and what the kernel says of it."""

import glob
import os
import pathlib
import re
import subprocess

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = _CORES[0], _CORES[-1]
_TICK = os.sysconf("SC_CLK_TCK")
_END_SECONDS = 10


def stay_off_the_server_core():
    """This process, and what it starts and does not pin elsewhere."""
    os.sched_setaffinity(0, {CLIENT_CORE})


class Process:
    def __init__(self, command, log, core=SERVER_CORE):
        # taskset execs, so the pid is the server's.
        self._popen = subprocess.Popen(
            ["taskset", "-c", str(core), *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={k: v for k, v in os.environ.items()
                 if not k.startswith(("CANOPYDNS_", "KUBERNETES_"))})
        self.pid = self._popen.pid
        self._name = pathlib.Path(command[0]).name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Returns the status it ended with; killed if it takes too long."""
        self._popen.terminate()
        try:
            return self._popen.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()

    def runs(self):
        return self._popen.poll() is None

    def check_runs(self, doing):
        if not self.runs():
            raise SystemExit(f"{self._name} ended with status "
                             f"{self._popen.returncode} {doing}; see the log "
                             "that --log names")

    def signal(self, number):
        self._popen.send_signal(number)

    def cpu_seconds(self):
        """User and system, threads that ended too; in ticks of 10 ms."""
        fields = _read(f"/proc/{self.pid}/stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def cpu_nanoseconds(self):
        """Of the threads and child processes there are now (nsd answers in
        one), to the nanosecond."""
        return sum(int(_read(path).split()[0]) for pid in _family(self.pid)
                   for path in glob.glob(f"/proc/{pid}/task/*/schedstat"))

    def resident_mb(self):
        return self._status("VmRSS")

    def peak_mb(self):
        """The most resident memory since the start or forget_peak."""
        return self._status("VmHWM")

    def forget_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w") as file:
            file.write("5")

    def _status(self, field):
        text = _read(f"/proc/{self.pid}/status")
        return int(re.search(rf"{field}:\s+(\d+)", text)[1]) / 1024


def core_busy_seconds(core=SERVER_CORE):
    """How long a core did anything, for whomever."""
    line = re.search(rf"^cpu{core} (.*)$", _read("/proc/stat"), re.MULTILINE)
    user, nice, system, idle, wait, *others = map(int, line[1].split()[:8])
    return (user + nice + system + sum(others)) / _TICK


def _family(pid):
    yield pid
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        for child in _read(path).split():
            yield from _family(int(child))


def _read(path):
    with open(path) as file:
        return file.read()
