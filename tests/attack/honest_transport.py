"""How the honest clients' questions travel.  A question is told its answer by
take(message, time), or why there is none by `why`."""

import errno
import select
import socket
import struct
import time

import wire

_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("ll")


class Datagrams:
    """One client's socket."""

    def __init__(self, loop, family, source, server):
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.bind((source, 0))
        self._socket.connect(server)
        self._socket.setblocking(False)
        self._next = 0
        self.pending = {}
        loop.add(self._socket, self)

    def ask(self, message, asked):
        self._next = (self._next + 1) & 0xFFFF
        self.pending[self._next] = asked
        try:
            self._socket.send(wire.numbered(message, self._next))
        except OSError as error:
            asked.why = error.strerror

    def ready(self, _events):
        while True:
            try:
                message, data, _, _ = self._socket.recvmsg(65535, 64)
            except BlockingIOError:
                return
            except OSError:
                continue  # told by ICMP: the questions are lost
            now = time.time()
            for _, _, value in data:
                seconds, nanoseconds = _TIMESPEC.unpack(value[:16])
                now = seconds + nanoseconds / 1e9
            asked = self.pending.pop(struct.unpack_from("!H", message)[0],
                                     None)
            if asked:
                asked.take(message, now)


class Connection:
    """Ends after its first question, or lasts."""

    def __init__(self, loop, family, source, server, lasts):
        self._loop, self._lasts = loop, lasts
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.bind((source, 0))
        self._socket.setblocking(False)
        self._frames = wire.Frames()
        self._out = b""
        self._next = 0
        self.pending = {}
        self.open = self._socket.connect_ex(server) in (0, errno.EINPROGRESS)
        if self.open:
            loop.add(self._socket, self, out=True)

    def ask(self, message, asked):
        self._next = (self._next + 1) & 0xFFFF
        self.pending[self._next] = asked
        self._out += wire.framed(wire.numbered(message, self._next))
        if self.open:
            self._loop.change(self._socket, out=True)

    def ready(self, events):
        try:
            if self._out and events & select.EPOLLOUT:
                self._out = self._out[self._socket.send(self._out):]
            if not self._out:
                self._loop.change(self._socket, out=False)
            if events & ~select.EPOLLOUT:
                self._read()
        except BlockingIOError:
            pass
        except OSError as error:
            self._end(error.strerror)

    def _read(self):
        octets = self._socket.recv(1 << 16)
        if not octets:
            return self._end("the connection was closed")
        for message in self._frames.feed(octets):
            asked = self.pending.pop(struct.unpack_from("!H", message)[0],
                                     None)
            if asked:
                asked.take(message, time.time())
            if not self._lasts:
                self._end(None)

    def _end(self, why):
        for asked in self.pending.values():
            asked.why = why
        self.pending.clear()
        if self.open:
            self._loop.remove(self._socket)
        self._socket.close()
        self.open = False


class Loop:
    def __init__(self):
        self._epoll = select.epoll()
        self._found = {}

    def add(self, made, owner, out=False):
        self._found[made.fileno()] = owner
        self._epoll.register(made, self._mask(out))

    def change(self, made, out):
        self._epoll.modify(made, self._mask(out))

    def remove(self, made):
        self._epoll.unregister(made)
        del self._found[made.fileno()]

    def turn(self, seconds):
        for number, events in self._epoll.poll(max(0, seconds)):
            owner = self._found.get(number)
            if owner:
                owner.ready(events)

    @staticmethod
    def _mask(out):
        return select.EPOLLIN | (select.EPOLLOUT if out else 0)
