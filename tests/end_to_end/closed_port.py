"""A port of 127.0.0.1 where nobody answers, and that nobody else gets."""

import socket

from until import PATIENCE


class ClosedPort:
    """UDP and TCP are refused at once, as by a host without a server."""

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
        # Bound, so taken; connected elsewhere, so not open to others.
        self._udp.connect((address, 9))
        self.server = f"{address}:{self.port}"

    def close(self):
        self._udp.close()
        self._tcp.close()


class SilentPort:
    """UDP datagrams arrive and are never answered; TCP connects, silently."""

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
        """The next TCP connection, once it is there."""
        self._tcp.settimeout(PATIENCE)
        return self._tcp.accept()[0]

    def close(self):
        self._udp.close()
        self._tcp.close()
