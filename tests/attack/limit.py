"""A limit of memory for one process, as deploy/ sets it: a cgroup (version 1
or 2), or its address space where cgroups cannot be made."""

import contextlib
import itertools
import os
import pathlib
import re
import resource

LIMIT = 170 << 20  # deploy/deployment.yaml
MIB = 1 << 20
_numbers = itertools.count(1)


def make():
    for kind in (_CgroupV1, _CgroupV2):
        made = kind.make()
        if made:
            return made
    return _AddressSpace()


def kind():
    made = make()
    made.close()
    return made.kind


class _Cgroup:
    """`prefix` is put before the command.  `used` is what counts against the
    limit and cannot be dropped: memory without the cache of files."""

    def __init__(self, path):
        self._path = path
        self.prefix = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"',
                       str(path)]

    @classmethod
    def _make_in(cls, parents):
        for parent in parents:
            path = parent / f"canopydns-attack-{os.getpid()}-{next(_numbers)}"
            with contextlib.suppress(OSError):
                path.mkdir()
                made = cls(path)
                try:
                    made.set_limit()
                    return made
                except OSError:
                    path.rmdir()
        return None

    def started(self, pid):
        pass

    def close(self):
        with contextlib.suppress(OSError):
            self._path.rmdir()

    def _number(self, file):
        return int((self._path / file).read_text())

    def _file_cache(self):
        stat = dict(line.split() for line in
                    (self._path / "memory.stat").read_text().splitlines())
        return int(stat["inactive_file"]) + int(stat["active_file"])


class _CgroupV1(_Cgroup):
    kind = "cgroup v1"

    @classmethod
    def make(cls):
        mount = _mount(r"^\S+ (\S+) cgroup \S*\bmemory\b")
        if not mount:
            return None
        own = _own_cgroup(r"^\d+:[^:]*\bmemory\b[^:]*:(.*)$")
        return cls._make_in([mount / own.lstrip("/"), mount])

    def set_limit(self):
        (self._path / "memory.limit_in_bytes").write_text(str(LIMIT))
        # Socket buffers are only counted once they have a limit.
        with contextlib.suppress(OSError):
            (self._path / "memory.kmem.tcp.limit_in_bytes").write_text(
                str(LIMIT))

    def used(self):
        sockets = 0
        with contextlib.suppress(OSError):
            sockets = self._number("memory.kmem.tcp.usage_in_bytes")
        return (self._number("memory.usage_in_bytes") - self._file_cache() +
                sockets)


class _CgroupV2(_Cgroup):
    kind = "cgroup v2"

    @classmethod
    def make(cls):
        mount = _mount(r"^\S+ (\S+) cgroup2 ")
        if not mount:
            return None
        own = _own_cgroup(r"^0::(.*)$")
        parents = [mount / own.lstrip("/"), mount]
        for parent in parents:
            with contextlib.suppress(OSError):
                (parent / "cgroup.subtree_control").write_text("+memory")
        return cls._make_in(parents)

    def set_limit(self):
        (self._path / "memory.max").write_text(str(LIMIT))
        with contextlib.suppress(OSError):
            (self._path / "memory.swap.max").write_text("0")

    def used(self):
        return self._number("memory.current") - self._file_cache()


class _AddressSpace:
    """Threads reserve address space that they do not use, so the limit is
    what was mapped once the process had started, and the memory on top."""

    kind = "address space"
    prefix = ()

    def started(self, pid):
        mapped, resident = _status(pid, "VmSize"), _status(pid, "VmRSS")
        most = mapped + LIMIT - resident
        resource.prlimit(pid, resource.RLIMIT_AS, (most, most))

    def used(self):
        return None

    def close(self):
        pass


def resident(pid):
    return _status(pid, "VmRSS")


def peak(pid):
    return _status(pid, "VmHWM")


def _status(pid, field):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+)", text)[1]) << 10


def _mount(pattern):
    mounts = pathlib.Path("/proc/mounts").read_text()
    found = re.search(pattern, mounts, re.MULTILINE)
    return found and pathlib.Path(found[1])


def _own_cgroup(pattern):
    text = pathlib.Path("/proc/self/cgroup").read_text()
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else "/"
