"""deploy/bounds.md lists the bound of each buffer and queue.  Each row is
compared with the code it names, a served metric, and a test."""

import pathlib
import re

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
TABLE = TOP / "deploy" / "bounds.md"
COLUMNS = ["what", "per client", "in total", "when it is full", "counted in",
           "code", "test"]


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rows():
    lines = [line for line in TABLE.read_text().splitlines()
             if line.startswith("|")]
    assert cells(lines[0]) == COLUMNS
    return [cells(line) for line in lines if not set(line) <= set("|- ")][1:]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def squeezed(text):
    return re.sub(r"\s+", " ", text)


def code_faults(cell):
    """The cell names a file, then what stands in it: constants with values."""
    source = None
    for word in quoted(cell):
        if re.fullmatch(r"[\w/]+\.(h|cc)", word):
            source = TOP / word
            if not source.is_file():
                yield f"there is no {word}"
                return
        elif source is None:
            yield f"{word} comes before its file"
        elif squeezed(word) not in squeezed(source.read_text()):
            yield f"{source.relative_to(TOP)} has no '{word}'"
    if source is None:
        yield "no code is named"


def test_the_table_has_rows():
    assert len(rows()) >= 25


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_row(row):
    assert len(row) == len(COLUMNS), row
    assert all(row), f"an empty cell: {row}"
    assert list(code_faults(row[5])) == []
    tests = quoted(row[6])
    assert tests, "no test is named"
    for name in tests:
        assert [file for suffix in ("cc", "py")
                for file in (TOP / "tests").rglob(f"{name}.{suffix}")], name


def test_metrics_are_served(canopy, manifest_file):
    server = canopy(manifests=[manifest_file()])
    server.ask("www.example.com")  # so that there are figures of upstreams
    served = server.metrics().families()
    missing = [(row[0], name) for row in rows() for name in quoted(row[4])
               if name not in served]
    assert missing == []
