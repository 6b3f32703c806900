#!/usr/bin/python3
"""Asks a canopydns binary the questions of tests/data/conformance.json and
compares the replies: facts gathered from CoreDNS' own tests and from the
replies of the real CoreDNS.

    conformance.py --binary build/canopydns [--tcp] [--only TEXT]

The cases of one cluster and one set of options share a process.  The last line
is 'N passed, N failed, N skipped'; the status is 0 when all passed."""

import argparse
import collections
import json
import pathlib
import sys
import tempfile

_TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_TESTS / "end_to_end"))

from ask import ask, flags, lines, rcode
from canopy import Canopy
from upstream import Upstream, respond

CASES = _TESTS / "data" / "conformance.json"
ANY_TTL = 303  # in a record of the file


def scripted(entry):
    """An upstream that answers what the file says of it."""
    absent = entry.get("default", {"rcode": "NXDOMAIN"})

    def script(query, tcp):
        question = query.question[0]
        rtype = question.to_text().split()[-1]
        row = next((row for row in entry["records"]
                    if row["qname"] == question.name.to_text().lower()
                    and row["qtype"] in (rtype, "*")), absent)
        cut = row.get("udp_truncated", False) and not tcp
        return respond(query, *([] if cut else row.get("answer", [])),
                       authority=row.get("ns", []), rcode=row["rcode"],
                       truncated=cut)
    return script


def command_line(options):
    """The options of a case as our flags."""
    ttl = options["ttl"]
    words = [f"--ttl={ttl}", f"--negative-ttl={min(ttl, 300)}",
             f"--pods={options['pods']}", "--workers=1"]
    for name in ("namespaces", "labels", "namespace_labels"):
        if name in options:
            value = options[name]
            text = ",".join(value) if isinstance(value, list) else value
            words.append(f"--{name.replace('_', '-')}={text}")
    for name in ("endpoint_pod_names", "ignore_empty_service"):
        if options.get(name):
            words.append("--" + name.replace("_", "-"))
    return words


def split(line):
    """A record as what is compared, and its TTL.  Of an SOA the serial and
    the timers are not."""
    owner, ttl, _, rtype, text = line.split(None, 4)
    if rtype == "SOA":
        text = " ".join(text.split()[:2])
    return (owner.lower(), rtype,
            text if rtype == "TXT" else text.lower()), int(ttl)


def difference(section, wanted, found):
    """What is wrong with a section, or None.  Sections are multisets."""
    rest = [split(line) for line in found]
    for record, ttl in map(split, wanted):
        match = next((one for one in rest if one[0] == record
                      and (ttl == ANY_TTL or ttl - 2 <= one[1] <= ttl)), None)
        if match is None:
            return f"{section}: no {record} with TTL {ttl}, but {found}"
        rest.remove(match)
    return f"{section}: too much: {rest}" if rest else None


def problem(case, server, tcp):
    """What is wrong with the reply to a case, or None."""
    name, rtype = case["qname"], case["qtype"]
    how = {"edns": True, "payload": 4096}
    reply = ask(server.port, name, rtype, tcp=tcp, **how)
    if "TC" in flags(reply) and not tcp:
        reply = ask(server.port, name, rtype, tcp=True, **how)
    if rcode(reply) != case["rcode"]:
        return (f"rcode {rcode(reply)}, not {case['rcode']}; "
                f"answer: {lines(reply.answer)}")
    inside = f".{name}".lower().endswith(".cluster.local.")
    if inside and case.get("aa", "AA" in flags(reply)) != (
            "AA" in flags(reply)):
        return f"AA is {'AA' in flags(reply)}"
    checks = [("answer", case["answer"], lines(reply.answer))]
    if inside and not case["answer"]:
        soa = [" SOA " in line and line for line in lines(reply.authority)]
        checks.append(("authority",
                       [line for line in case["ns"] if " SOA " in line],
                       [line for line in soa if line]))
    if rtype == "SRV":
        checks.append(("additional", case["extra"], lines(reply.additional)))
    return next(filter(None, (difference(*check) for check in checks)), None)


def outcomes(cases, cluster, entry, binary, tcp):
    """Asks the cases of one process.  Yields (case, problem)."""
    with tempfile.TemporaryDirectory() as folder, \
         Upstream(scripted(entry)) as upstream:
        path = pathlib.Path(folder) / "objects.json"
        path.write_text(json.dumps(
            {"apiVersion": "v1", "kind": "List", "items": cluster}))
        with Canopy(folder, *command_line(cases[0]["options"]),
                    f"--nameservers={upstream.server}", manifests=[path],
                    binary=binary) as server:
            for case in cases:
                try:
                    yield case, problem(case, server, tcp)
                except Exception as error:  # no reply, or one not readable
                    yield case, f"no reply: {error!r}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", required=True, type=pathlib.Path)
    parser.add_argument("--tcp", action="store_true")
    parser.add_argument("--only", default="",
                        help="cases whose id, name or source has TEXT")
    arguments = parser.parse_args()

    file = json.loads(CASES.read_text())
    groups, skipped = collections.defaultdict(list), 0
    for case in file["cases"]:
        if arguments.only not in f"{case['id']} {case['qname']} " + (
                case["source"]):
            skipped += 1
            continue
        groups[case["cluster"], json.dumps(case["options"])].append(case)

    passed, failed = 0, 0
    for (cluster, _), cases in groups.items():
        entry = file["upstreams"].get(cases[0]["options"].get("upstream"),
                                      {"records": []})
        for case, wrong in outcomes(cases, file["clusters"][cluster], entry,
                                    arguments.binary.resolve(), arguments.tcp):
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong:
                print(f"FAIL {case['id']} {case['qname']} {case['qtype']} "
                      f"[{cluster}, {case['source']}] {wrong}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
