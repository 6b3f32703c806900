"""Waits for a condition, never for a time."""

import os
import time

# A sanitizer's build is many times slower.
PATIENCE = float(os.environ.get("CANOPYDNS_TEST_PATIENCE", "20"))


def until(condition, what=None, seconds=None):
    """Checks until `condition()` is true and returns its result.  `what`
    describes the condition for the failure message; if callable, it is called
    then."""
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
