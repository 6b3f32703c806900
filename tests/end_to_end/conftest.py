"""Fixtures: canopydns processes and the folders they read."""

import contextlib
import itertools
import pathlib
import resource

import pytest

from canopy import BINARY, IS_SANITIZED, Canopy
from files import manifest, write_by_rename
from kube_apiserver import Cluster, objects
from upstream import Upstream

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"


def pytest_configure(config):
    if not BINARY.is_file():
        raise pytest.UsageError(f"there is no {BINARY}: build it, or set "
                                "CANOPYDNS_BINARY")


def pytest_collection_modifyitems(items):
    """Skips tests with measurements unless this is the release build."""
    no = pytest.mark.skip(reason="a sanitizer multiplies what is measured")
    for item in items if IS_SANITIZED else ():
        if item.get_closest_marker("measured"):
            item.add_marker(no)


def pytest_terminal_summary(terminalreporter):
    """Shows the figures that tests print, such as memory and lost queries, even
    when the tests pass."""
    reports = [report for report in terminalreporter.getreports("passed")
               if report.when == "call" and report.capstdout]
    if reports:
        terminalreporter.section("figures")
    for report in reports:
        terminalreporter.line(report.nodeid.rpartition("/")[2])
        for line in report.capstdout.splitlines():
            terminalreporter.line(f"  {line}")


@pytest.fixture
def canopy(tmp_path):
    """Starts processes: canopy("--ttl=5", manifests=[...]).  All are stopped
    after the test, which fails if one did not stop cleanly."""
    numbers = itertools.count(1)
    with contextlib.ExitStack() as started:
        def start(*flags, **how):
            made = Canopy(tmp_path / f"canopy-{next(numbers)}", *flags, **how)
            started.callback(made.stop)
            return made
        yield start


@pytest.fixture
def many_files():
    """Raises the limit of this process; a running server keeps its own
    limit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < 4000:
        pytest.skip(f"the limit of open files is {before[1]}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 4000),
                                                before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


class ManifestFile:
    """One file of Kubernetes objects."""

    def __init__(self, path, objects):
        self.path = path
        self.set(*objects)

    def __fspath__(self):
        return str(self.path)

    def __str__(self):
        return str(self.path)

    def set(self, *objects, write=write_by_rename):
        write(self.path, manifest(*objects))


@pytest.fixture
def manifest_file(tmp_path):
    """manifest_file(objects...): a file whose contents set() changes."""
    made = []

    def make(*objects):
        made.append(ManifestFile(tmp_path / f"manifest-{len(made)}.yaml",
                                 objects))
        return made[-1]
    return make


@pytest.fixture
def serve(canopy, manifest_file):
    """serve(objects..., flags=[...]): a process that serves them."""
    def start(*objects, flags=(), **how):
        return canopy(*flags, manifests=[manifest_file(*objects)], **how)
    return start


@pytest.fixture
def upstream():
    """upstream(script): a scripted resolver, closed after the test."""
    with contextlib.ExitStack() as started:
        yield lambda script, **how: started.enter_context(
            Upstream(script, **how))


# --- a real API server --------------------------------------------------

ACCOUNT = ("kube-system", "canopydns")
USER = "system:serviceaccount:kube-system:canopydns"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A cluster with deploy/ applied.  Our account has only the rights of its
    RBAC."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as made:
        made.kubectl("apply", "--server-side", "-k", DEPLOY)
        yield made


@pytest.fixture
def kubeconfig(cluster, tmp_path):
    """A kubeconfig for the service account of deploy/."""
    return cluster.kubeconfig(tmp_path / "kube.conf",
                              token=cluster.token(*ACCOUNT))


@pytest.fixture
def follow(canopy, kubeconfig):
    """Starts a process that follows the cluster, as deployed."""
    return lambda *flags, **how: canopy(f"--kubeconfig={kubeconfig}", *flags,
                                        **how)


_numbers = itertools.count(1)


@pytest.fixture
def space(cluster):
    """A namespace for this test."""
    name = f"space-{next(_numbers)}"
    cluster.apply(objects.namespace(name))
    return name
