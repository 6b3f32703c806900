"""--config-dir: kube-dns' ConfigMap, mounted as files and changed live."""

import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from files import ConfigMapFolder
from kube_apiserver import objects
from upstream import fails, records

A = "192.0.2.{}".format


def answers(number):
    """An upstream that has these names, each at 192.0.2.<number>.  The TTL is
    0, so that the cache does not hide which upstream is asked."""
    return records(*(f"{name}. 0 IN A {A(number)}" for name in
                     ("www.example.com", "a.corp.test", "b.lab.corp.test",
                      "corp.test", "acorp.test", "web.shop.svc.cluster.local")))


class Config:
    def __init__(self, path):
        self.path = path
        self._folder = ConfigMapFolder(path, {})

    def set(self, upstreams=None, stubs=None, **raw):
        files = dict(raw)
        if upstreams is not None:
            files["upstreamNameservers"] = json.dumps(
                [one.server for one in upstreams])
        if stubs is not None:
            files["stubDomains"] = json.dumps(
                {domain: [one.server for one in servers]
                 for domain, servers in stubs.items()})
        self._folder.swap(files)


@pytest.fixture
def config(tmp_path):
    return Config(tmp_path / "config")


def until_asked(server, name, address):
    server.until(lambda: server.data(name) == [address],
                 f"{name} to be {address}")


def test_upstreams_and_stub_domains(canopy, config, upstream, manifest_file):
    default, corp, lab = (upstream(answers(i)) for i in (1, 2, 3))
    config.set([default], {"corp.test": [corp], "lab.corp.test": [lab]})
    server = canopy(f"--config-dir={config.path}", manifests=[manifest_file()])
    for name, address in (
            ("www.example.com", A(1)), ("acorp.test", A(1)),
            ("corp.test", A(2)), ("a.corp.test", A(2)), ("A.Corp.TEST", A(2)),
            ("b.lab.corp.test", A(3))):
        assert server.data(name) == [address], name


def test_a_stub_domain_may_have_several_servers(canopy, config, upstream,
                                                manifest_file):
    default, broken, good = upstream(answers(1)), upstream(
        fails("SERVFAIL")), upstream(answers(2))
    config.set([default], {"corp.test": [broken, good]})
    server = canopy(f"--config-dir={config.path}", manifests=[manifest_file()])
    for _ in range(4):
        assert server.data("a.corp.test") == [A(2)]


def test_the_cluster_domain_stays_ours(canopy, config, upstream,
                                       manifest_file):
    thief = upstream(answers(6))
    config.set([thief], {"cluster.local": [thief], "local": [thief]})
    file = manifest_file(objects.namespace("shop"),
                         objects.service("shop", "web", clusterIP="10.96.0.2"))
    server = canopy(f"--config-dir={config.path}", manifests=[file])
    assert server.data("web.shop.svc.cluster.local") == ["10.96.0.2"]
    assert server.data("gone.shop.svc.cluster.local") == "NXDOMAIN"
    assert thief.asked == []


def test_a_stub_domain_below_the_cluster_domain(canopy, config, upstream,
                                                manifest_file):
    region = upstream(records("db.us-east1.svc.cluster.local. 9 IN A 192.0.2.8"))
    file = manifest_file(objects.namespace("shop"),
                         objects.service("shop", "web", clusterIP="10.96.0.2"))
    config.set()
    server = canopy(f"--config-dir={config.path}", manifests=[file])
    name = "db.us-east1.svc.cluster.local"
    assert server.data(name) == "NXDOMAIN"
    config.set(stubs={"us-east1.svc.cluster.local": [region]})
    until_asked(server, name, A(8))
    assert server.data("web.shop.svc.cluster.local") == ["10.96.0.2"]
    assert server.data("gone.shop.svc.cluster.local") == "NXDOMAIN"


def test_changes_are_taken_up(canopy, config, upstream, manifest_file):
    one, two = upstream(answers(1)), upstream(answers(2))
    config.set([one])
    server = canopy(f"--config-dir={config.path}", manifests=[manifest_file()])
    assert server.data("a.corp.test") == [A(1)]
    config.set([two])
    until_asked(server, "a.corp.test", A(2))
    config.set([two], {"corp.test": [one]})
    until_asked(server, "a.corp.test", A(1))
    assert server.data("www.example.com") == [A(2)]
    config.set([two], {})
    until_asked(server, "a.corp.test", A(2))


def test_no_query_is_lost_while_they_change(canopy, config, upstream,
                                            manifest_file):
    one, two = upstream(answers(1)), upstream(answers(2))
    config.set([one])
    server = canopy(f"--config-dir={config.path}", manifests=[manifest_file()])
    ended = threading.Event()

    def ask():
        seen = []
        while not ended.is_set():
            seen.append(server.data("a.corp.test"))
        return seen

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(ask) for _ in range(4)]
        for _ in range(10):
            config.set([one], {"corp.test": [two]})
            until_asked(server, "a.corp.test", A(2))
            config.set([two], {"corp.test": [one]})
            until_asked(server, "a.corp.test", A(1))
        ended.set()
    for client in clients:
        seen = client.result()
        assert [A(1)] in seen and [A(2)] in seen
        assert all(each in ([A(1)], [A(2)]) for each in seen), seen


def test_a_cached_answer_of_the_old_servers_goes(canopy, config, upstream,
                                                 manifest_file):
    old = upstream(records("a.corp.test. 600 IN A 192.0.2.1"))
    new = upstream(records("a.corp.test. 600 IN A 192.0.2.2"))
    config.set([old])
    server = canopy(f"--config-dir={config.path}", manifests=[manifest_file()])
    assert server.data("a.corp.test") == [A(1)]
    config.set([old], {"corp.test": [new]})
    until_asked(server, "a.corp.test", A(2))


def test_a_key_that_goes_means_the_default(canopy, config, upstream, tmp_path,
                                           manifest_file):
    one = upstream(answers(1))
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("nameserver 127.0.0.1\n")  # a closed port 53
    config.set([one])
    server = canopy(f"--config-dir={config.path}",
                    f"--resolv-conf={resolv_conf}", manifests=[manifest_file()])
    assert server.data("www.example.com") == [A(1)]
    config.set()
    server.until(lambda: server.data("www.example.com") == "SERVFAIL",
                 "resolv.conf's upstream to be asked")


BAD = {
    "a stub domain without a server": {"stubDomains": '{"corp.test": []}'},
    "typographic quotes": {"stubDomains": "{\u201ccorp.test\u201d: []}"},
    "not JSON": {"upstreamNameservers": "8.8.8.8"},
    "not a list": {"upstreamNameservers": '{"a": "8.8.8.8"}'},
    "a name for an address": {"upstreamNameservers": '["dns.example.com"]'},
    "a port that is none": {"upstreamNameservers": '["192.0.2.1:99999"]'},
    "four servers": {"upstreamNameservers": json.dumps([A(i) for i in "1234"])},
    "stub domains not a map": {"stubDomains": '["corp.test"]'},
    "a stub domain that is none": {"stubDomains": '{"-a..b": ["192.0.2.1"]}'},
    "a stub server that is none": {"stubDomains": '{"corp.test": ["192.0.2."]}'},
    "cut off": {"stubDomains": '{"corp.test": ["192.0'},
}


@pytest.mark.parametrize("files", BAD.values(), ids=BAD.keys())
def test_a_bad_update_is_left_out_as_a_whole(canopy, config, upstream, files,
                                             manifest_file):
    one, two = upstream(answers(1)), upstream(answers(2))
    config.set([one], {"corp.test": [two]})
    server = canopy(f"--config-dir={config.path}", manifests=[manifest_file()])
    before = len(server.log().splitlines())

    def complaints():
        lines = server.log().splitlines()[before:]
        return [line for line in lines if any(key in line for key in files)]
    # The other key is valid and new, and is not used either.
    good = {"stubDomains": '{"corp.test": ["%s"]}' % one.server}
    config.set(**{**good, **files} if "upstreamNameservers" in files else
               {"upstreamNameservers": f'["{two.server}"]', **files})
    server.until(complaints, "a complaint")
    assert len(complaints()) == 1, complaints()
    assert server.data("www.example.com") == [A(1)]
    assert server.data("a.corp.test") == [A(2)]
    config.set([two], {"corp.test": [one]})
    until_asked(server, "www.example.com", A(2))
    assert server.data("a.corp.test") == [A(1)]


def test_a_fault_that_comes_back_is_logged_again(canopy, config, upstream,
                                                 manifest_file):
    config.set([upstream(answers(1))])
    server = canopy(f"--config-dir={config.path}", manifests=[manifest_file()])
    good = (config.path / "upstreamNameservers").read_text()
    for times in 1, 2:
        config.set(upstreamNameservers="[")
        server.until(lambda t=times: len(server.log_lines("is not JSON")) == t,
                     "the fault in the log")
        config.set(upstreamNameservers=good)
        server.until(
            lambda t=times: len(server.log_lines("is valid again")) == t,
            "the end of the fault in the log")


def test_sighup_rereads_it(canopy, config, upstream, manifest_file):
    one, two = upstream(answers(1)), upstream(answers(2))
    config.set([one])
    server = canopy(f"--config-dir={config.path}", manifests=[manifest_file()])
    config.set([two])
    server.signal(signal.SIGHUP)
    until_asked(server, "www.example.com", A(2))
