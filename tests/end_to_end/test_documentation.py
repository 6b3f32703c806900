"""The flags and metrics in deploy/README.md match those of the binary."""

import pathlib
import re

import canopy as binary
from hostile_api import HostileApi, list_of, reply
from upstream import records

README = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "README.md"
# The first has no samples until a thread catches an exception, the second none
# without a Corefile.
NOT_SERVED_HERE = {"canopydns_exceptions_total", "coredns_plugin_enabled"}
NAMESPACE = b'{"metadata":{"name":"shop","resourceVersion":"7"}}'
BOOKMARK = (b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
            b'Connection: close\r\n\r\n'
            b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8"}}}\n')


def documented_metrics():
    """The first cell of each row of the tables."""
    return re.findall(r"(?m)^\| `((?:canopydns|coredns|kubedns|process)_\w+)` \|",
                      README.read_text())


def test_the_flags_are_those_of_help():
    done = binary.run("--help")
    section = README.read_text().split("## Flags")[1]
    assert section.split("```\n")[1] == done.stdout


def test_the_directives_are_those_of_plugins():
    section = README.read_text().split("## A Corefile of CoreDNS")[1]
    cells = re.findall(r"(?m)^\| (`[^|]+) \|", section.split("\n## ")[0])
    documented = re.findall(r"`(\w+)`", " ".join(cells))
    listed = binary.run("-plugins").stdout.splitlines()[1:]
    assert sorted(documented) == sorted(line.strip() for line in listed)


def test_no_metric_stands_twice():
    names = documented_metrics()
    assert len(names) > 100
    assert sorted(set(names)) == sorted(names)


def served_from_manifests(serve, upstream):
    outside = upstream(records("www.example.com. 60 IN A 192.0.2.1"))
    server = serve(flags=[f"--nameservers={outside.server}"])
    server.ask("www.example.com")
    return server.metrics().families()


def until_served(server, name):
    return server.until(lambda: (found := server.metrics().families()).get(name)
                        and found, name)


def one_namespace(request):
    items = NAMESPACE if request.resource == "namespaces" else b""
    return reply(list_of(request.resource, items))


def served_from_an_api_server(canopy, path):
    """Also from its snapshot, after the API server stops answering."""
    with HostileApi(one_namespace, lambda _: [BOOKMARK]) as api:
        flags = [f"--kube-master-url={api.url}", f"--snapshot-file={path}"]
        server = canopy(*flags)
        until_served(server, "canopydns_snapshot_last_write_age_seconds")
        confirmed = until_served(server,
                                 "canopydns_watch_last_event_age_seconds")
        server.stop()
        api.lists = lambda _: reply(b"", status="503 Service Unavailable")
        stale = until_served(canopy(*flags),
                             "canopydns_snapshot_stale_age_seconds")
        return {**confirmed, **stale}


def test_the_metrics_are_those_of_the_tables(canopy, serve, upstream, tmp_path):
    served = {**served_from_manifests(serve, upstream),
              **served_from_an_api_server(canopy, tmp_path / "snapshot")}
    documented = set(documented_metrics())
    assert set(served) - documented == set(), "not documented"
    assert documented - set(served) - NOT_SERVED_HERE == set(), "not served"
