"""Waiting for a condition, never for a time."""

import os
import time

# A sanitizer's build is many times slower.
PATIENCE = float(os.environ.get("CANOPYDNS_TEST_PATIENCE", "20"))


def until(condition, what=None, seconds=None):
    """Looks until `condition()` is true and returns what it gave.  `what` says
    in the failure what was waited for; if callable, it is called then."""
    deadline = time.monotonic() + (seconds or PATIENCE)
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise AssertionError(
                f"waited {seconds or PATIENCE:g} s for {text or condition}; "
                f"last seen: {found!r}")
        time.sleep(0.01)
