"""What the binary is built with, and what a process keeps from being done."""

import os
import pathlib
import subprocess

import pytest

from canopy import BINARY
from files import manifest
from kube_apiserver import objects
from network_namespace import NetworkNamespace


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


def open_for_writing(pid):
    """The files a process could write to, as paths."""
    process = pathlib.Path(f"/proc/{pid}")
    for descriptor in (process / "fd").iterdir():
        info = (process / "fdinfo" / descriptor.name).read_text()
        path = os.readlink(descriptor)
        if path.startswith("/") and int(info.split()[3], 8) & os.O_ACCMODE:
            yield path


def test_it_writes_no_file(tmp_path):
    """Everything that is mounted is read only, as for the Pod of deploy/; the
    snapshot's folder is of no use without an API server."""
    shop = tmp_path / "shop.yaml"
    shop.write_text(manifest(
        objects.namespace("shop"),
        objects.service("shop", "web", clusterIP="10.96.0.2")))
    with NetworkNamespace() as namespace:
        namespace.run("sh", "-c", "findmnt --raw --noheadings --output TARGET |"
                      "while read -r mounted; do mount -o remount,bind,ro "
                      '"$mounted" || exit; done')
        with pytest.raises(subprocess.CalledProcessError):
            namespace.run("touch", tmp_path / "anything")
        with namespace.canopy(tmp_path / "server", manifests=[shop],
                              ports=(53, 10053, 8080)) as server:
            assert namespace.short(53, "web.shop.svc.cluster.local") == [
                "10.96.0.2"]
            assert set(open_for_writing(server.pid)) == {
                str(server.folder / "canopydns.log"), "/dev/null"}
            assert "ead-only" not in server.log()
