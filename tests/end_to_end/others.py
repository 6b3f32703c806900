"""Clients that take no part in a flood."""

import contextlib

import dns.exception

from ask import data, question, rcode, send


class Others:
    """Clients during a flood or right after it.  They retry as resolvers do,
    because the kernel may drop a query while a slow server still reads the
    flood."""

    def __init__(self, server):
        self._server = server
        self.asked = 0
        self.lost = 0

    def find(self, name, tier="cache", **how):
        """Returns the answer's data, or the rcode."""
        def ask():
            self.asked += 1
            with contextlib.suppress(dns.exception.Timeout):
                return send(question(name), self._server.tier_port(tier),
                            seconds=0.2, **how)
            self.lost += 1
            return None
        reply = self._server.until(ask, f"an answer to {name}")
        return data(reply) or rcode(reply)

    def figures(self):
        return {"others_asked": self.asked, "others_lost": self.lost}
