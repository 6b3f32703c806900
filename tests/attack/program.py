"""The programs of the suite: none outlives it."""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def words(*command, nice=0):
    return ["setpriv", "--pdeathsig", "KILL", *(
        ["nice", "-n", str(nice)] if nice else []), *map(str, command)]


class Program:
    """One of this folder's; it ends once its stdin is closed."""

    def __init__(self, name, *arguments, nice=0):
        self._name = name
        self._popen = subprocess.Popen(
            words(sys.executable, "-B", HERE / name, *arguments, nice=nice),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def line(self):
        return self._popen.stdout.readline().strip()

    def tell(self, line):
        self._popen.stdin.write(line + "\n")
        self._popen.stdin.flush()

    def told(self):
        """What it prints before it ends, which it is told to."""
        try:
            out, _ = self._popen.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.end()
            raise
        if self._popen.returncode:
            raise RuntimeError(f"{self._name} ended with "
                               f"{self._popen.returncode}")
        return json.loads(out)

    def end(self):
        self._popen.kill()
        self._popen.wait()
        self._popen.stdin.close()
        self._popen.stdout.close()
