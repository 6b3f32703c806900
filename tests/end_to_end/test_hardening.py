"""What the binary is built with, and what a process keeps from being done."""

import subprocess

import pytest

from canopy import BINARY


def readelf(*flags):
    return subprocess.run(["readelf", "--wide", *flags, BINARY], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="module")
def imported():
    """The names that the binary takes from libraries, without versions."""
    names = {line.split()[7].split("@")[0]
             for line in readelf("--dyn-syms").splitlines()
             if " UND " in line and len(line.split()) > 7}
    if any(name.startswith(("__asan", "__tsan")) for name in names):
        pytest.skip("a sanitizer's build is hardened by the sanitizer")
    return names


def test_addresses_are_the_loader_s_choice():
    assert "DYN (Position-Independent Executable" in readelf("--file-header")


def test_what_the_loader_has_filled_in_is_read_only():
    assert "GNU_RELRO" in readelf("--program-headers")
    assert "BIND_NOW" in readelf("--dynamic")


def test_no_segment_is_both_written_and_executed():
    words = [line.split() for line in
             readelf("--program-headers").splitlines()]
    segments = [(word[0], "".join(word[6:-1])) for word in words
                if word and word[0] in ("LOAD", "GNU_STACK")]
    assert ("GNU_STACK", "RW") in segments
    assert len(segments) > 2
    assert not any("W" in flags and "E" in flags for _, flags in segments)


def test_functions_check_their_frames(imported):
    assert "__stack_chk_fail" in imported


def test_library_calls_check_their_buffers(imported):
    checked = {name for name in imported if name.endswith("_chk")}
    assert {"__memcpy_chk", "__recvfrom_chk"} & checked, checked


def test_containers_check_their_indexes(imported):
    assert any("__glibcxx_assert_fail" in name for name in imported)
