"""A-record questions over UDP, asked until they are answered right."""

import socket
import time

import dns.message
import dns.rdatatype


class Questions:
    """To one server, from one socket."""

    def __init__(self, port):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def seconds_until_right(self, service, start, patience, pause,
                            hope=lambda: True):
        """From `start`, in time.perf_counter() terms, to the first answer
        with the addresses of `service`.  None after `patience` seconds, or
        once there is no `hope`.
        Waits `pause` seconds after every wrong answer."""
        message = dns.message.make_query(service.domain_name, "A")
        while time.perf_counter() - start < patience and hope():
            found = self._ask(message)
            now = time.perf_counter()
            if found and found <= service.answer:
                return now - start
            time.sleep(pause)
        return None

    def answers_within(self, seconds):
        """Whether any answer came."""
        message = dns.message.make_query("example.com.", "A")
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            if self._ask(message) is not None:
                return True
            time.sleep(0.01)
        return False

    def ask_once(self, service):
        self._ask(dns.message.make_query(service.domain_name, "A"))

    def _ask(self, message, seconds=0.2):
        """The addresses; None without an answer."""
        try:
            self._socket.settimeout(seconds)
            self._socket.send(message.to_wire())
            while True:
                reply = dns.message.from_wire(self._socket.recv(4096))
                if reply.id == message.id:
                    break
        except OSError:
            return None
        return {item.address for rrset in reply.answer for item in rrset
                if rrset.rdtype == dns.rdatatype.A}
