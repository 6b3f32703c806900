"""One child process with a log file, that never outlives its parent."""

import os
import signal
import subprocess
import threading


class ProgramError(Exception):
    pass


class Program:
    """Runs `argv` at once.  stderr goes to `log`; stdout too, unless
    `first_line` is asked for."""

    def __init__(self, argv, log, first_line=False):
        self.argv = [str(part) for part in argv]
        self.log = log
        # The child ends when this pipe's write end closes, which the kernel
        # does whatever happens to us.  See LIFELINE in main.go.
        reading, self._lifeline = os.pipe()
        with open(log, "ab") as out:
            self._process = subprocess.Popen(
                self.argv, stdin=reading, stderr=out,
                stdout=subprocess.PIPE if first_line else out,
                env={**os.environ, "LIFELINE": "stdin"},
                # Not ours to get: a Ctrl-C is for the test, which then stops
                # its programs in order.
                start_new_session=True)
        os.close(reading)

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process.poll() is None

    def first_line(self, seconds):
        """What the program says on stdout when it is ready."""
        # A program that says nothing is ended, which ends the read.
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline().decode()
        finally:
            timer.cancel()
        if not line:
            self._process.wait()
            raise self.failure("ended before it was ready")
        return line.strip()

    def failure(self, what):
        with open(self.log, "rb") as log:
            lines = log.read().decode(errors="replace").splitlines()
        return ProgramError("\n".join(
            [f"{' '.join(self.argv[:2])}: {what}; the end of {self.log}:"]
            + [line[:300] for line in lines[-15:]]))

    def send(self, which):
        self._process.send_signal(which)

    def end(self, how=signal.SIGTERM, seconds=15):
        """Ends the program and waits for it; SIGKILL when it takes longer."""
        if self._lifeline is None:
            return
        if self.alive():
            self._process.send_signal(how)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        os.close(self._lifeline)
        self._lifeline = None
