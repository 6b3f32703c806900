"""A pipe as stderr whose reader may stop reading."""

import fcntl
import os
import select
import struct
import termios
import threading


class FullPipe:
    """A pipe of one page.  A reader copies its contents to the file of fill(),
    except between stall() and read_on()."""

    def __init__(self):
        self._out, self._in = os.pipe2(os.O_CLOEXEC)
        fcntl.fcntl(self._in, fcntl.F_SETPIPE_SZ, 4096)
        self._reads = threading.Event()
        self._reads.set()
        self._ends = False
        self._thread = None

    def fill(self, path):
        """Returns the descriptor to write to.  The reader appends to the
        file."""
        self._thread = threading.Thread(target=self._copy, args=(path,))
        self._thread.start()
        return self._in

    def stall(self):
        self._reads.clear()

    def read_on(self):
        self._reads.set()

    def unread(self):
        """Returns the unread octets.  A write that does not fit into the
        current page begins another one, so some free room may be unusable."""
        size = fcntl.ioctl(self._out, termios.FIONREAD, b"\0" * 4)
        return struct.unpack("i", size)[0]

    def fill_up(self):
        """Fills the pipe from the test itself."""
        self.stall()
        os.write(self._in, b"x" * 4095 + b"\n")

    def close(self):
        self._ends = True
        self.read_on()
        self._thread.join()
        os.close(self._in)
        os.close(self._out)

    def _copy(self, path):
        with open(path, "ab", buffering=0) as log:
            while not self._ends:
                self._reads.wait()
                if select.select([self._out], [], [], 0.01)[0]:
                    if self._reads.is_set():
                        log.write(os.read(self._out, 65536))
