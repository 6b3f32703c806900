"""Opens HTTP connections as fast as told, from addresses of loopback, in a
process of its own.  Storm runs this file as a program."""

import collections
import json
import select
import socket
import struct
import subprocess
import sys
import time

_RESET = struct.pack("ii", 1, 0)
# IP_BIND_ADDRESS_NO_PORT delays the choice of the port until connect().
_NO_PORT = 24
# For each kind of request: the octets to send, and how many connections stay
# open.
KINDS = {
    "metrics": (b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 512),
    "healthz": (b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 512),
    "half": (b"GET /metrics HTTP/1.1\r\nHo", 2000),
    "silent": (b"", 2000),
}


class Storm:
    """Opens connections while it is open.  `sent` is known afterwards."""

    def __init__(self, port, kind, rate, sources=("127.0.0.1",)):
        self._program = subprocess.Popen(
            [sys.executable, "-B", __file__, str(port), kind, str(rate),
             *sources], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.rate = 0
        self._program.stdout.readline()  # it has begun

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        out, _ = self._program.communicate(b"")
        figures = json.loads(out)
        self.rate = figures["opened"] / figures["seconds"]


def _open(port, source, request):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.setblocking(False)
    client.setsockopt(socket.IPPROTO_IP, _NO_PORT, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    client.bind((source, 0))
    client.connect_ex(("127.0.0.1", port))
    try:
        client.send(request)  # on loopback the handshake is over
    except OSError:
        pass
    return client


def _rage(port, kind, rate, sources):
    request, kept = KINDS[kind]
    clients = collections.deque()
    opened = 0
    start = time.monotonic()
    print(flush=True)
    while True:
        due = (time.monotonic() - start) * rate
        if opened >= due:
            if select.select([sys.stdin], [], [], 0.001)[0]:
                break
            continue
        if opened % 256 == 0 and select.select([sys.stdin], [], [], 0)[0]:
            break
        clients.append(_open(port, sources[opened % len(sources)], request))
        opened += 1
        if len(clients) > kept:
            clients.popleft().close()
    print(json.dumps({"opened": opened, "seconds": time.monotonic() - start}))


if __name__ == "__main__":
    _rage(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4:])
