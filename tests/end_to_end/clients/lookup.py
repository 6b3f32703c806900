"""As lookup.c, with dnspython's resolver."""

import sys

import dns.resolver

found = []
for family, rtype in ("4", "A"), ("6", "AAAA"):
    if sys.argv[2] in (family, "any"):
        try:
            found += dns.resolver.resolve(sys.argv[1], rtype, search=True)
        except dns.resolver.NoAnswer:
            pass
for record in found:
    print(record.address)
