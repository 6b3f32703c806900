"""Sends many queries at a time, over sockets that stay open."""

import itertools
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

from ask import question
from until import PATIENCE

CLIENTS = 8
AT_ONCE = 8  # of each client


class _Client:
    """A UDP socket or a TCP connection."""

    def __init__(self, address, port, tcp):
        kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
        self._tcp = tcp
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.settimeout(PATIENCE)
        self._socket.connect((address, port))

    def ask(self, names):
        """Returns the replies as octets, in order of arrival.  Missing replies
        are left out."""
        names, waiting, replies = iter(names), set(), []
        with self._socket:
            self._send(itertools.islice(names, AT_ONCE), waiting)
            while waiting:
                try:
                    reply = self._receive()
                except OSError:
                    break
                waiting.remove(reply[:2])
                replies.append(reply)
                self._send(itertools.islice(names, 1), waiting)
        return replies

    def _send(self, names, waiting):
        for name in names:
            message = question(name)
            while (wire := message.to_wire())[:2] in waiting:
                message.id = (message.id + 1) & 0xFFFF
            waiting.add(wire[:2])
            framed = struct.pack("!H", len(wire)) + wire
            self._socket.sendall(framed if self._tcp else wire)

    def _receive(self):
        if not self._tcp:
            return self._socket.recv(65535)
        return self._octets(struct.unpack("!H", self._octets(2))[0])

    def _octets(self, count):
        octets = self._socket.recv(count, socket.MSG_WAITALL)
        if len(octets) < count:
            raise ConnectionResetError("closed before the answer")
        return octets


def ask_all(server, names, tcp):
    """Queries the addresses of all names, CLIENTS * AT_ONCE at a time."""
    def run(number):
        mine = names[number::CLIENTS]
        return _Client(server.address, server.port, tcp).ask(mine)
    with ThreadPoolExecutor(CLIENTS) as clients:
        return [reply for replies in clients.map(run, range(CLIENTS))
                for reply in replies]
