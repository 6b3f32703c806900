"""Makes the modules of the other test folders importable, like this one's."""

import pathlib
import sys

_TESTS = pathlib.Path(__file__).resolve().parents[1]
for _folder in ("bench", "end_to_end"):
    sys.path.append(str(_TESTS / _folder))
