"""--snapshot-file: without the API server, a new process serves the data that
an earlier process saved, and says so."""

import signal

import pytest

from ask import extended_errors, rcode
from kube_apiserver import objects

pytestmark = pytest.mark.apiserver


def name(service, space):
    return f"{service}.{space}.svc.cluster.local"


class Kept:
    """A cluster with two Services, saved in a snapshot.  The process that wrote
    the snapshot was killed."""

    def __init__(self, cluster, space, follow, path):
        self.cluster, self.space, self.follow = cluster, space, follow
        self.path = path
        web, old = cluster.apply(objects.service(space, "web"),
                                 objects.service(space, "old"))
        self.web = [web["spec"]["clusterIP"]]
        self.old = [old["spec"]["clusterIP"]]
        server = self.start()
        server.until(lambda: server.metrics().sum(
            "canopydns_snapshot_writes_total") >= 1, "a snapshot")
        assert server.metrics().sum("canopydns_snapshot_stale") == 0
        assert server.metrics().sum(
            "canopydns_snapshot_bytes") == path.stat().st_size
        server.kill()

    def start(self, *flags, **how):
        return self.follow(f"--snapshot-file={self.path}", *flags, **how)


@pytest.fixture
def kept(cluster, space, follow, tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    return Kept(cluster, space, follow, folder / "snapshot")


def errors(server, qname, rtype="A", tier="cache"):
    """(rcode, [EDE codes])"""
    reply = server.ask(qname, rtype, tier, edns=True)
    return rcode(reply), [code for code, _ in extended_errors(reply)]


def test_a_start_without_the_api_server(kept):
    cluster, space = kept.cluster, kept.space
    cluster.delete(objects.service(space, "old"))
    cluster.kill_apiserver()
    try:
        server = kept.start()  # until it is ready
        assert server.page("/readyz").status == 200
        assert server.log_lines("until the API server is reachable")
        metrics = server.metrics()
        assert metrics.sum("canopydns_snapshot_stale") == 1
        assert 0 < metrics.sum("canopydns_snapshot_stale_age_seconds") < 600
        assert metrics.sum("canopydns_watch_synced") == 0
        for tier in "cache", "zone":
            for _ in range(2):  # from the cache too
                assert server.data(name("web", space), tier=tier) == kept.web
                assert errors(server, name("web", space),
                              tier=tier) == ("NOERROR", [3])
            assert errors(server, name("gone", space),
                          tier=tier) == ("NXDOMAIN", [19])
        # Only for names that may be stale, and for clients with EDNS.
        assert errors(server, "cluster.local", "SOA") == ("NOERROR", [])
        assert errors(server, "dns-version.cluster.local",
                      "TXT") == ("NOERROR", [])
        assert errors(server, "x.cluster.local") == ("NXDOMAIN", [])
        assert server.ask(name("web", space)).edns == -1
        assert server.data(name("old", space)) == kept.old
    finally:
        cluster.start_apiserver()
    server.until(lambda: server.metrics().sum("canopydns_snapshot_stale") == 0,
                 "the API server's lists", seconds=40)
    assert server.data(name("old", space)) == "NXDOMAIN"
    assert errors(server, name("web", space)) == ("NOERROR", [])
    assert errors(server, name("gone", space)) == ("NXDOMAIN", [])
    assert server.data(name("web", space)) == kept.web
    new = cluster.apply(objects.service(space, "new"))
    server.until(lambda: server.data(name("new", space)) == [
        new["spec"]["clusterIP"]], "the watch to go on")


def test_with_the_api_server_there_it_is_not_served(kept):
    kept.cluster.delete(objects.service(kept.space, "old"))
    server = kept.start()
    assert server.data(name("old", kept.space)) == "NXDOMAIN"
    assert server.metrics().sum("canopydns_snapshot_stale") == 0
    assert not server.log_lines("serving its")


@pytest.mark.parametrize("fault", ["cut", "changed", "empty", "other flags"])
def test_one_that_is_damaged_or_of_others(kept, fault):
    octets = bytearray(kept.path.read_bytes())
    if fault == "cut":
        octets = octets[:-100]
    if fault == "changed":
        octets[len(octets) // 2] ^= 1
    if fault == "empty":
        octets.clear()
    kept.path.write_bytes(octets)
    flags = ["--namespaces=other"] if fault == "other flags" else []
    kept.cluster.kill_apiserver()
    try:
        server = kept.start(*flags, wait="listening")
        lines = server.until(lambda: server.log_lines("starting without it"),
                             "a word about it")
        assert len(lines) == 1 and str(kept.path) in lines[0]
        reply = server.ask(name("web", kept.space), edns=True)
        assert rcode(reply) == "SERVFAIL"
        assert extended_errors(reply)[0][0] == 14
        assert server.page("/readyz").status == 503
    finally:
        kept.cluster.start_apiserver()
    server.until_ready(40)
    server.until(lambda: kept.path.read_bytes()[:9] == b"canopydns" and
                 server.metrics().sum("canopydns_snapshot_writes_total") >= 1,
                 "a good one in its place")


def test_it_is_written_at_the_end(kept):
    """Changes since the last write, at most ten seconds ago, are saved."""
    server = kept.start()
    serial = server.serial()
    new = kept.cluster.apply(objects.service(kept.space, "new"))
    server.until_serial_moves(serial)
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0
    kept.cluster.kill_apiserver()
    try:
        server = kept.start()
        assert server.data(name("new", kept.space)) == [
            new["spec"]["clusterIP"]]
    finally:
        kept.cluster.start_apiserver()


def test_a_folder_that_becomes_full(kept, tmp_path):
    """The process continues without a snapshot and logs that once."""
    small = tmp_path / "small"
    small.mkdir()
    script = 'mount -t tmpfs -o size=4k tmpfs "$0" && exec "$@"'
    server = kept.follow(
        f"--snapshot-file={small}/snapshot",
        prefix=["unshare", "--map-root-user", "--mount", "sh", "-c", script,
                small])
    server.until(lambda: server.metrics().sum(
        "canopydns_snapshot_bytes") or server.metrics().sum(
            "canopydns_snapshot_failures_total"), "a first write")
    # One page is free, but the next file needs one more.
    kept.cluster.apply(objects.service(kept.space, "more"))
    server.until(lambda: server.metrics().sum(
        "canopydns_snapshot_failures_total") >= 1, "a failed write", 40)
    assert len(server.log_lines("cannot be written")) == 1
    assert server.data(name("web", kept.space)) == kept.web
