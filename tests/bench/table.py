"""Tables in Markdown, and on what machine they were made."""

import math
import os
import statistics


def print_table(header, rows, left=1):
    """`left`: how many columns hold words."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    rule = [("-" * (width - 1)) + ("-" if i < left else ":")
            for i, width in enumerate(widths)]
    for line in (header, rule, *rows):
        cells = [cell.ljust(width) if i < left else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        print("| " + " | ".join(cells) + " |")


def median(values, digits):
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.{digits}f}" if known else "-"


def percentile(values, share):
    """The nearest rank: `share` of the values are not above it."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def machine():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file
                 if line.startswith("model name")]
    kernel = os.uname().release
    return f"{len(names)} x {names[0] if names else 'CPU'}, Linux {kernel}"


class Loads:
    """The load averages while measuring: 1.0 or so is us alone."""

    def __init__(self):
        self._seen = []

    def note(self):
        self._seen.append(os.getloadavg()[0])

    def __str__(self):
        low, high = min(self._seen), max(self._seen)
        return f"load average {low:.1f} to {high:.1f}"
