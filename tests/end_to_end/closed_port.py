"""A port of 127.0.0.1 without a server, which no other process gets."""

import socket

from until import PATIENCE


class ClosedPort:
    """Refuses UDP and TCP at once, like a host without a server."""

    def __init__(self, address="127.0.0.1"):
        self._tcp = socket.socket()
        while True:
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._udp.bind((address, 0))
            self.port = self._udp.getsockname()[1]
            try:
                self._tcp.bind((address, self.port))
                break
            except OSError:
                self._udp.close()
        # The socket is bound, so the port is taken.  It is connected to another
        # address, so the port is closed to others.
        self._udp.connect((address, 9))
        self.server = f"{address}:{self.port}"

    def close(self):
        self._udp.close()
        self._tcp.close()


class SilentPort:
    """Receives UDP datagrams and accepts TCP connections, and never answers."""

    def __init__(self, address="127.0.0.1"):
        self._tcp = socket.socket()
        while True:
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._udp.bind((address, 0))
            self.port = self._udp.getsockname()[1]
            try:
                self._tcp.bind((address, self.port))
                break
            except OSError:
                self._udp.close()
        self._tcp.listen(16)
        self.server = f"{address}:{self.port}"

    def accept(self):
        """Waits for the next TCP connection and returns it."""
        self._tcp.settimeout(PATIENCE)
        return self._tcp.accept()[0]

    def close(self):
        self._udp.close()
        self._tcp.close()
