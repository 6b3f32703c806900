"""Upstreams' answers built octet by octet, and replies parsed octet by octet.
DNS libraries cannot write such messages and hide these details."""

import struct

import dns.name
import dns.rdatatype


def name(text):
    """Returns the name uncompressed, with its case unchanged."""
    return dns.name.from_text(text).to_wire()


def pointer(offset):
    return struct.pack("!H", 0xC000 | offset)


QUESTION = pointer(12)  # to the question's name


def record(owner, rtype, ttl, rdata):
    """`owner` and `rdata` are octets, or names as text."""
    owner, rdata = (name(part) if isinstance(part, str) else part
                    for part in (owner, rdata))
    number = dns.rdatatype.from_text(rtype)
    return owner + struct.pack("!HHIH", number, 1, ttl, len(rdata)) + rdata


def opt(*options):
    """`options` are (code, octets)."""
    rdata = b"".join(struct.pack("!HH", code, len(octets)) + octets
                     for code, octets in options)
    return b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(rdata)) + rdata


def answer(query, answers=(), authority=(), additional=(), rcode=0):
    """Returns a response to `query` that repeats the case of its question."""
    asked = query.question[0]
    counts = len(answers), len(authority), len(additional)
    header = struct.pack("!HHHHHH", query.id, 0x8180 | rcode, 1, *counts)
    question = asked.name.to_wire() + struct.pack("!HH", asked.rdtype, 1)
    return header + question + b"".join([*answers, *authority, *additional])


def pointers_of(message, at):
    """Returns how many pointers the name at `at` consists of, and where it
    ends."""
    count, end = 0, None
    while message[at]:
        if message[at] < 0xC0:
            at += 1 + message[at]
            continue
        count += 1
        end = end or at + 2
        at = struct.unpack_from("!H", message, at)[0] & 0x3FFF
    return count, end or at + 1


def most_pointers(message):
    """Returns the largest number of pointers in any owner or CNAME target."""
    records = sum(struct.unpack_from("!HHH", message, 6))
    _, at = pointers_of(message, 12)
    at += 4
    most = 0
    for _ in range(records):
        count, at = pointers_of(message, at)
        rtype, _, _, size = struct.unpack_from("!HHIH", message, at)
        at += 10
        most = max(most, count)
        if rtype == dns.rdatatype.CNAME:
            most = max(most, pointers_of(message, at)[0])
        at += size
    return most
