"""What became of one attack, against the bars."""

from collections import Counter

from attack import Sent
from limit import MIB

P99_SECONDS = 0.050
P99_TIMES = 5  # the p99 just before, where that is more
OTHERS = 0.15  # of the processors; where others take more p99 is not judged
PEAK = 128 * MIB
KEPT = 16 * MIB
HELD_UP_SECONDS = 0.5

HEAD = (f"{'':4} {'sent':>8} {'MiB':>6} {'answered':>8} {'shed':>7} "
        f"{'honest':>6} {'lost':>5} {'p50':>6} {'p99':>7} {'max':>7} "
        f"{'before':>6} {'peak':>6} {'all':>6} {'later':>6} {'probe':>6} "
        f"{'others':>7}")


class Row:
    def __init__(self, attack):
        self.attack, self.name = attack, attack.name
        self.faults = []
        self.skipped = None
        self.sent = Sent()
        self.began = 0
        self.resident_before = self.resident_after = None
        self.peak = self.peak_used = 0
        self.slowest_probe = 0
        self.counted = {}
        self.asked = self.lost = 0
        self.p50 = self.p99 = self.longest = self.control_p99 = 0
        self.longest_stall = 0
        self.others = 0

    @property
    def was_held_up(self):
        return self.longest_stall > HELD_UP_SECONDS

    def take_honest(self, told):
        self.longest_stall = told["longest_stall"]
        before, during = [], []
        for sent, *rest in told["questions"]:
            (during if sent >= self.began else before).append(rest)
        before = before[len(before) // 4:]  # the first fill the cache
        self.control_p99 = _percentile(_times(before), 99)
        times = _times(during)
        self.asked = len(during)
        self.p50, self.p99 = _percentile(times, 50), _percentile(times, 99)
        self.longest = max(times, default=0)
        whys = Counter(f"{kind} over {how}: {why}"
                       for _, _, kind, how, why in during if why)
        self.lost = whys.total()
        if not self.attack.judges_honest:
            return
        if self.lost:
            most = ", ".join(f"{count} x {why}"
                             for why, count in whys.most_common(3))
            self.faults.append(f"{self.lost} honest questions lost ({most})")
        if self.others > OTHERS:
            return
        bar = max(P99_SECONDS, P99_TIMES * self.control_p99)
        if self.p99 > bar:
            self.faults.append(f"p99 {self.p99 * 1e3:.0f} ms, above "
                               f"{bar * 1e3:.0f}")

    def take_watch(self, watch):
        self.peak, self.peak_used = watch.peak, watch.peak_used
        self.slowest_probe = watch.slowest_probe
        if self.attack.judges_health and watch.ill:
            first = "; ".join(watch.ill[0].splitlines())
            self.faults.append(f"/healthz {len(watch.ill)} times not 200, "
                               f"first {first}")
        if self.attack.judges_memory and max(self.peak, self.peak_used) > PEAK:
            self.faults.append(f"peak {_mib(self.peak)}, with the kernel's "
                               f"{_mib(self.peak_used)} MiB")

    def take_end(self, ran, code, took):
        if not self.attack.ends_meanwhile:
            if not ran:
                self.faults.append(f"the server ended with {code}")
            elif code is None:
                self.faults.append(f"SIGTERM did not end it in {took:.0f} s")
            elif code != 0:
                self.faults.append(f"exit code {code} after SIGTERM")
        if (self.attack.judges_memory and self.kept is not None and
                self.kept > KEPT):
            self.faults.append(f"{_mib(self.kept)} MiB more 10 s later")

    @property
    def kept(self):
        if self.resident_after is None or self.resident_before is None:
            return None
        return self.resident_after - self.resident_before

    @property
    def outcome(self):
        if self.skipped:
            return "skipped"
        return "FAILED" if self.faults else "passed"

    def line(self):
        if self.skipped:
            return f"{self.name:4} skipped: {self.skipped}"
        kept = "-" if self.kept is None else f"{self.kept / MIB:+.1f}"
        line = (f"{self.name:4} {self.sent.messages:8,} "
                f"{self.sent.octets / MIB:6.1f} {self.sent.answered:8,} "
                f"{self.sent.shed:7,} {self.asked:6,} {self.lost:5,} "
                f"{self.p50 * 1e3:6.1f} {self.p99 * 1e3:7.1f} "
                f"{self.longest * 1e3:7.0f} "
                f"{_mib(self.resident_before or 0):>6} {_mib(self.peak):>6} "
                f"{_mib(self.peak_used):>6} {kept:>6} "
                f"{self.slowest_probe * 1e3:6.0f} {self.others * 100:6.0f}%  "
                f"{self.outcome}: "
                f"{self.attack.what}")
        faults = [f"       - {fault}" for fault in self.faults]
        return "\n".join([line, *faults])


def _times(rows):
    return sorted(seconds for seconds, late, *_ in rows
                  if seconds is not None and not late)


def _percentile(times, percent):
    return times[min(len(times) - 1, len(times) * percent // 100)] if times \
        else 0


def _mib(octets):
    return f"{octets / MIB:.0f}"


def summary(rows):
    """Prints it; the status."""
    for row in rows:
        if row.skipped:
            print(f"skipped: {row.name}, {row.skipped}")
    count = Counter(row.outcome for row in rows)
    print(f"{count['passed']} passed, {count['FAILED']} failed, "
          f"{count['skipped']} skipped")
    return 1 if count["FAILED"] else 0
