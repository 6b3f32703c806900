"""The binary's build options, and the actions that a process is not allowed."""

import os
import pathlib
import subprocess
import tempfile

import pytest

from canopy import BINARY, run
from files import manifest
from kube_apiserver import objects
from network_namespace import NetworkNamespace

NAME = "web.shop.svc.cluster.local"
SHOP = manifest(objects.namespace("shop"),
                objects.service("shop", "web", clusterIP="10.96.0.2"))


def readelf(*flags):
    return subprocess.run(["readelf", "--wide", *flags, BINARY], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="module")
def imported():
    """Returns the names that the binary imports from libraries, without
    versions."""
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


@pytest.fixture
def public_manifest():
    """A manifest in a folder, both readable by users other than root."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "shop.yaml"
        path.write_text(SHOP)
        path.parent.chmod(0o755)
        yield path


def threads(server):
    """Returns the contents of /proc for each thread: {name: words}."""
    for task in pathlib.Path(f"/proc/{server.pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        yield {name: rest.split() for name, _, rest in
               (line.partition(":") for line in lines)}


only_root = pytest.mark.skipif(os.geteuid() != 0,
                               reason="only root becomes another user")


@only_root
@pytest.mark.parametrize("user, uid, gid", [
    ("nobody", 65534, 65534), ("65532", 65532, 65532),
    ("nobody:12345", 65534, 12345), ("65532:root", 65532, 0)])
def test_user(canopy, public_manifest, user, uid, gid):
    server = canopy(f"--user={user}", manifests=[public_manifest])
    for thread in threads(server):
        assert thread["Uid"] == [str(uid)] * 4
        assert thread["Gid"] == [str(gid)] * 4
        assert thread["Groups"] == [str(gid)]
        assert thread["NoNewPrivs"] == ["1"]
        for which in "CapInh", "CapPrm", "CapEff", "CapAmb":
            assert int(thread[which][0], 16) == 0
    for tier in "cache", "zone":
        for tcp in False, True:
            assert server.data(NAME, tier=tier, tcp=tcp) == ["10.96.0.2"]
    # It still reads files, and its own.
    public_manifest.write_text(SHOP.replace("10.96.0.2", "10.96.0.3"))
    server.until(lambda: server.data(NAME) == ["10.96.0.3"], "the change")
    assert server.metrics().sum("process_open_fds") > 3


@only_root
def test_files_are_read_as_that_user(canopy, tmp_path):
    """So that a missing right fails at the start, not at the first change."""
    private = tmp_path / "shop.yaml"
    private.write_text(SHOP)
    private.chmod(0o600)
    done = run("--user=nobody", f"--manifests={private}", "--dns-port=0",
               "--zone-port=0", "--healthz-port=0",
               "--dns-bind-address=127.0.0.1")
    assert (done.returncode, done.stdout) == (2, "")
    assert str(private) in done.stderr and "ermission" in done.stderr


def test_who_is_not_root_cannot_become_another(tmp_path):
    shop = tmp_path / "shop.yaml"
    shop.write_text(SHOP)
    with NetworkNamespace() as namespace:
        done = run("--user=12345", f"--manifests={shop}", "--dns-port=0",
                   "--zone-port=0", "--healthz-port=0",
                   "--dns-bind-address=127.0.0.1",
                   prefix=[*namespace.prefix, "unshare", "--user"])
    assert done.returncode == 2
    assert "--user=12345: only root can change to another user; start as root" in (
        done.stderr)


def open_for_writing(pid):
    """Returns the paths of files that a process has open for writing."""
    process = pathlib.Path(f"/proc/{pid}")
    for descriptor in (process / "fd").iterdir():
        info = (process / "fdinfo" / descriptor.name).read_text()
        path = os.readlink(descriptor)
        if path.startswith("/") and int(info.split()[3], 8) & os.O_ACCMODE:
            yield path


def test_it_writes_no_file(tmp_path):
    """All mounts are read only, as in the Pod of deploy/.  The snapshot's
    folder needs an API server."""
    shop = tmp_path / "shop.yaml"
    shop.write_text(SHOP)
    with NetworkNamespace() as namespace:
        namespace.run("sh", "-c", "findmnt --raw --noheadings --output TARGET |"
                      "while read -r mounted; do mount -o remount,bind,ro "
                      '"$mounted" || exit; done')
        with pytest.raises(subprocess.CalledProcessError):
            namespace.run("touch", tmp_path / "anything")
        with namespace.canopy(tmp_path / "server", manifests=[shop],
                              ports=(53, 10053, 8080)) as server:
            assert namespace.short(53, NAME) == ["10.96.0.2"]
            assert set(open_for_writing(server.pid)) == {
                str(server.folder / "canopydns.log"), "/dev/null"}
            assert "ead-only" not in server.log()
