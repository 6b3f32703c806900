"""The directives health, ready and prometheus: addresses with all pages."""

import signal
import socket

import pytest

from canopy import run

FORWARD = "bind 127.0.0.1\n  forward . 127.0.0.1:9\n"
THREE = ("health 127.0.0.1:0\n  ready 127.0.0.1:0\n"
         "  prometheus 127.0.0.1:0\n")


def corefile(*directives):
    return ". {\n  " + "  ".join([FORWARD, *directives]) + "}\n"


def free_port():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return closed.getsockname()[1]


def version(server):
    return server.data("version.bind", "TXT", rclass="CH")


def test_each_address_has_all_pages(canopy):
    server = canopy(corefile=corefile(THREE))
    assert len(set(server.http_ports)) == 3
    server.until(lambda: server.page("/health").status == 200, "health")
    for port in server.http_ports:
        for path in "/health", "/ready", "/healthz", "/readyz", "/metrics":
            assert server.page(path, port).status == 200, (port, path)


def test_they_share_their_counts(canopy):
    server = canopy(corefile=corefile(THREE))
    before = server.metrics().sum("canopydns_http_connections_total")
    for port in server.http_ports:
        server.page("/ready", port)
    # The second page of metrics has a connection too.
    assert (server.metrics().sum("canopydns_http_connections_total") >=
            before + 4)


def test_a_kubelet_finds_coredns_pages(canopy):
    server = canopy(corefile=corefile(THREE))
    server.until(lambda: server.page("/health").status == 200, "health")
    for path in "/health", "/ready":
        page = server.page(path)
        assert (page.status, page.body) == (200, "OK")


@pytest.mark.parametrize("directive, port", [
    ("health", 8080), ("ready", 8181), ("prometheus", 9153)])
def test_one_directive_alone(canopy, directive, port):
    here = free_port()
    server = canopy(corefile=corefile(f"{directive} 127.0.0.1:{here}\n"))
    assert server.http_ports == [here] != [port]
    assert server.page("/ready").status == 200
    assert server.metrics().sum("coredns_build_info") == 1


def test_without_any_there_is_no_port(canopy):
    server = canopy(corefile=corefile(), wait="listening")
    assert server.http_ports == []
    server.until(lambda: server.log_lines("no HTTP port"), "its log line")
    assert "CanopyDNS" in version(server)[0]


def test_an_address_named_twice_is_one(canopy):
    here = free_port()
    both = "".join(
        f"{domain} {{\n  bind 127.0.0.1\n  forward . 127.0.0.1:9\n"
        f"  health 127.0.0.1:{here}\n  prometheus 127.0.0.1:{here}\n}}\n"
        for domain in ("a.example", "b.example"))
    server = canopy(corefile=both)
    assert server.http_ports == [here]


@pytest.mark.parametrize("directive", ["health", "ready", "prometheus"])
def test_a_port_in_use(tmp_path, directive):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        file = tmp_path / "Corefile"
        file.write_text(corefile(f"{directive} {where}\n"))
        ended = run("-conf", file, "-dns.port", 0)
    assert ended.returncode == 2
    line, = [line for line in ended.stderr.splitlines() if where in line]
    assert "health, ready or prometheus" in line
    assert "--healthz-port" not in line


def test_health_stays_during_lameduck(canopy):
    server = canopy("--grace-period=25s", corefile=corefile(
        THREE.replace("health 127.0.0.1:0",
                      "health 127.0.0.1:0 {\n    lameduck 25s\n  }")))
    server.until(lambda: server.page("/health").status == 200, "health")
    server.signal(signal.SIGTERM)
    server.until(lambda: server.page("/ready").status == 503, "draining")
    assert server.page("/health").status == 200
    assert "CanopyDNS" in version(server)[0]
    server.signal(signal.SIGTERM)


# --- a server without a cluster ---


def test_it_is_ready_and_healthy_without_data(canopy):
    server = canopy("--probe-period=50ms", corefile=corefile(THREE))
    server.until(lambda: server.metrics().sum(
        "canopydns_probes_total", result="ok") >= 8, "probes")
    assert server.metrics().sum("canopydns_probes_total",
                                result="failed") == 0
    assert server.page("/healthz").status == 200
    assert not server.log_lines("dns-version")


# --- coredns_plugin_enabled and coredns_reload_failed_total ---


def plugins(server):
    return {labels["name"] for name, labels, _ in server.metrics().samples
            if name == "coredns_plugin_enabled"}


def test_plugins_follow_a_reload(canopy):
    server = canopy(corefile=corefile(THREE))
    assert plugins(server) == {"forward"}
    server.corefile.write_text(corefile(THREE, "cache 30\n"))
    server.signal(signal.SIGHUP)
    server.until(lambda: plugins(server) == {"forward", "cache"}, "the cache")


def test_failed_reloads_are_counted(canopy):
    server = canopy(corefile=corefile(THREE))

    def failed():
        return server.metrics().sum("coredns_reload_failed_total")
    assert failed() == 0
    server.corefile.write_text(corefile(THREE, "no_such_directive\n"))
    server.signal(signal.SIGHUP)
    server.until(lambda: failed() == 1, "the failure")
    assert plugins(server) == {"forward"}
    assert server.metrics().sum("canopydns_reload_failures_total") == 1
    server.corefile.write_text(corefile(THREE, "cache 30\n"))
    server.signal(signal.SIGHUP)
    server.until(lambda: plugins(server) == {"forward", "cache"}, "the cache")
    assert failed() == 1
