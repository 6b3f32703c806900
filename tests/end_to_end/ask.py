"""Queries to a DNS server, and the contents of their answers."""

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from until import PATIENCE

EDE = 15  # RFC 8914's option code


def question(name, rtype="A", *, edns=False, payload=1232, do=False,
             options=(), flags=("RD",), rclass="IN"):
    """Returns the query message.  `flags` are the names of dns.flags."""
    if not name.endswith("."):
        name += "."
    message = dns.message.make_query(
        name, rtype, rclass, use_edns=0 if edns or do or options else -1,
        want_dnssec=do, payload=payload, options=list(options))
    message.flags = dns.flags.from_text(" ".join(flags))
    return message


def send(message, port, tcp=False, address="127.0.0.1", seconds=PATIENCE,
         source=None):
    if tcp:
        return dns.query.tcp(message, address, seconds, port, source)
    # Messages that others send to our port are not the answer.
    return dns.query.udp(message, address, seconds, port, source,
                         ignore_unexpected=True)


def ask(port, name, rtype="A", *, tcp=False, address="127.0.0.1", source=None,
        **how):
    return send(question(name, rtype, **how), port, tcp, address,
                source=source)


def rcode(reply):
    return dns.rcode.to_text(reply.rcode())


def flags(reply):
    """Leaves out QR, which each reply has."""
    return set(dns.flags.to_text(reply.flags).split()) - {"QR"}


def lines(section):
    """Returns `name ttl IN TYPE data` for each record, sorted."""
    return sorted(
        f"{rrset.name} {rrset.ttl} IN {dns.rdatatype.to_text(rrset.rdtype)} "
        f"{data.to_text()}" for rrset in section for data in rrset)


def data(reply, rtype=None):
    """Returns the sorted data of the answer's records, of one type or of
    all."""
    return sorted(
        item.to_text() for rrset in reply.answer for item in rrset
        if rtype in (None, dns.rdatatype.to_text(rrset.rdtype)))


def extended_errors(reply):
    """Returns [(info code, text), ..]."""
    return [(int(option.code), option.text or "")
            for option in reply.options if option.otype == EDE]
