"""DNS messages as octets, quickly."""

import struct

TYPES = {"A": 1, "CNAME": 5, "NULL": 10, "PTR": 12, "TXT": 16, "AAAA": 28,
         "SRV": 33, "OPT": 41, "ANY": 255}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5
HEADER = struct.Struct("!6H")
RD, TC = 0x0100, 0x0200


def name(text):
    """Without compression."""
    labels = [label.encode() for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def read_name(message, at=12):
    """Of a question: (text in lower case, where it ends)."""
    labels = []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]])
        at += 1 + message[at]
    return b".".join(labels).decode("latin-1").lower(), at + 1


def opt(size=1232):
    return b"\0" + struct.pack("!HHIH", TYPES["OPT"], size, 0, 0)


def question(qname, rtype="A", number=0, edns=1232):
    extra = opt(edns) if edns else b""
    return (HEADER.pack(number, RD, 1, 0, 0, 1 if edns else 0) + name(qname) +
            struct.pack("!HH", TYPES[rtype], 1) + extra)


def framed(message):
    return struct.pack("!H", len(message)) + message


def numbered(message, number):
    return struct.pack("!H", number & 0xFFFF) + message[2:]


def rcode(message):
    return message[3] & 15


def is_truncated(message):
    return bool(message[2] & 2)


def answers(message):
    return struct.unpack_from("!H", message, 6)[0]


def pointer(at):
    return struct.pack("!H", 0xC000 | at)


def pointer_chain(start, octets):
    """Pointers, each to the one before it; the first, at `start`, to the
    question's name."""
    return b"".join(pointer(at - 2 if at > start else 12)
                    for at in range(start, start + octets, 2))


class Frames:
    """The messages of a TCP stream."""

    def __init__(self):
        self._held = bytearray()

    def feed(self, octets):
        self._held += octets
        while len(self._held) >= 2:
            size = 2 + struct.unpack_from("!H", self._held)[0]
            if len(self._held) < size:
                return
            yield bytes(self._held[2:size])
            del self._held[:size]
