"""A scripted recursive resolver on loopback.

    with Upstream(records("www.example.com. 60 IN A 192.0.2.1")) as upstream:
        ... upstream.server, upstream.asked

As a program, `upstream.py ADDRESS PORT RECORD...`, it answers until its stdin
ends: for network namespaces."""

import socket
import struct
import sys
import threading

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset


LOOP_CHECK = "canopydns-loop"
CLOSE = object()


class Upstream:
    """`script(query, tcp)` returns the reply: a message, octets to send
    unchanged, a list of those, None for silence, or CLOSE to close the TCP
    connection.  It may block, because each query has its own thread.  `asked`
    gets a (message, tcp) for each query before the script runs; any thread may
    read it.  The server's loop checks are in `loop_checks` instead.  Its health
    checks (`NS` of the root or of a stub domain) are in `health_checks`.
    `sent` gets the octets of each reply over UDP after it was sent."""

    def __init__(self, script, address="127.0.0.1", port=0):
        self._script = script
        self.asked = []
        self.loop_checks = []
        self.health_checks = []
        self.sent = []
        self.source_ports = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        while True:
            self._udp = socket.socket(family, socket.SOCK_DGRAM)
            self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            self._udp.bind(socket.getaddrinfo(address, port)[0][4])
            self.port = self._udp.getsockname()[1]
            self._tcp = socket.socket(family)
            self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self._tcp.bind(
                    socket.getaddrinfo(address, self.port)[0][4])
                break
            except OSError:
                self._udp.close()
                self._tcp.close()
                if port:
                    raise
        self.server = f"{address}:{self.port}"
        self._tcp.listen(64)
        self._start(self._serve_udp)
        self._start(self._accept)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Closes its port."""
        for listener in (self._udp, self._tcp):
            try:
                listener.shutdown(socket.SHUT_RDWR)  # ends a blocked call
            except OSError:
                pass
            listener.close()

    def refuse_tcp(self):
        self._tcp.shutdown(socket.SHUT_RDWR)
        self._tcp.close()

    def names(self):
        return [message.question[0].name.to_text().lower()
                for message, _ in list(self.asked)]

    def count(self, name):
        return self.names().count(name.lower().rstrip(".") + ".")

    # Implementation.

    @staticmethod
    def _start(run, *arguments):
        threading.Thread(target=run, args=arguments, daemon=True).start()

    def _replies(self, wire, tcp):
        """Yields octets; CLOSE ends them."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return []
        if f".{LOOP_CHECK}." in query.question[0].name.to_text().lower():
            self.loop_checks.append(query)
        elif query.question[0].rdtype == dns.rdatatype.NS:
            self.health_checks.append(query)
        else:
            self.asked.append((query, tcp))
        replies = self._script(query, tcp)
        if not isinstance(replies, list):
            replies = [] if replies is None else [replies]
        return [reply.to_wire(max_size=65535)
                if isinstance(reply, dns.message.Message) else reply
                for reply in replies]

    def _serve_udp(self):
        while True:
            try:
                wire, client = self._udp.recvfrom(65535)
            except OSError:
                return
            if client is None:  # shut down
                return
            self.source_ports.append(client[1])
            self._start(self._answer_udp, wire, client)

    def _answer_udp(self, wire, client):
        for reply in self._replies(wire, tcp=False):
            try:
                self._udp.sendto(reply, client)
                self.sent.append(reply)
            except OSError:
                pass  # closed, or the client is gone

    def _accept(self):
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            self._start(self._serve_tcp, connection)

    def _serve_tcp(self, connection):
        with connection, connection.makefile("rwb") as stream:
            try:
                while len(head := stream.read(2)) == 2:
                    wire = stream.read(struct.unpack("!H", head)[0])
                    for reply in self._replies(wire, tcp=True):
                        if reply is CLOSE:
                            return
                        stream.write(struct.pack("!H", len(reply)) + reply)
                        stream.flush()
            except OSError:
                pass


def rrsets(lines):
    """Records in presentation form, as RRsets."""
    found = {}
    for line in lines:
        owner, ttl, _, rtype, text = line.split(None, 4)
        if (owner, rtype) in found:
            found[owner, rtype].add(dns.rdata.from_text("IN", rtype, text))
        else:
            found[owner, rtype] = dns.rrset.from_text(owner, int(ttl), "IN",
                                                      rtype, text)
    return list(found.values())


def respond(query, *answers, authority=(), rcode="NOERROR", truncated=False,
            authentic=False):
    """Returns the reply of a recursive resolver."""
    reply = dns.message.make_response(query, recursion_available=True,
                                      our_payload=1232)
    # EDNS may contain part of the rcode, so the rcode is set after it.
    reply.set_rcode(dns.rcode.from_text(rcode))
    if truncated:
        reply.flags |= dns.flags.TC
    if authentic:
        reply.flags |= dns.flags.AD
    reply.answer = rrsets(answers)
    reply.authority = rrsets(authority)
    return reply


def records(*lines):
    """A script: only these records exist."""
    def script(query, _tcp):
        asked = query.question[0]
        name = asked.name.to_text().lower()
        mine = [line for line in lines if line.split()[0].lower() == name]
        wanted = {dns.rdatatype.to_text(asked.rdtype), "CNAME"}
        found = [line for line in mine if line.split()[3] in wanted]
        soa = [". 60 IN SOA a.test. b.test. 1 1800 900 604800 60"]
        return respond(query, *found, authority=[] if found else soa,
                       rcode="NOERROR" if mine else "NXDOMAIN")
    return script


def fitting(script):
    """Like `script`, but over UDP a reply that does not fit is empty with
    TC."""
    def fits(query, tcp):
        reply = script(query, tcp)
        most = max(512, query.payload if query.edns >= 0 else 512)
        if tcp or len(reply.to_wire(max_size=65535)) <= most:
            return reply
        return respond(query, truncated=True)
    return fits


def fails(rcode):
    """A script: each query fails."""
    return lambda query, _tcp: respond(query, rcode=rcode)


if __name__ == "__main__":
    with Upstream(fitting(records(*sys.argv[3:])), sys.argv[1],
                  int(sys.argv[2])):
        print("listens", flush=True)
        sys.stdin.read()
