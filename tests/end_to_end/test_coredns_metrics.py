"""The names of CoreDNS and kube-dns on /metrics, for installed dashboards."""

import collections

import pytest

from kube_apiserver import objects
from upstream import fails, records

WEB = "web.shop.svc.cluster.local"
OUTSIDE = records("www.example.com. 60 IN A 192.0.2.1")

# What panels and alerts select: kube-prometheus-stack's k8s-coredns, the
# dashboard and alerts of coredns-mixin, kube-prometheus' Pyrra objective, and
# kube-dns's sidecar.
SELECTED = [
    ("coredns_build_info", {}, ["version"]),
    ("coredns_panics_total", {}, []),
    ("coredns_dns_requests_total", {}, ["proto", "type", "zone"]),
    ("coredns_dns_responses_total", {}, ["rcode"]),
    ("coredns_dns_responses_total", {"rcode": "SERVFAIL"}, []),
    ("coredns_dns_request_duration_seconds_bucket", {},
     ["le", "server", "zone"]),
    ("coredns_cache_entries", {}, []),
    ("coredns_cache_hits_total", {}, []),
    ("coredns_cache_misses_total", {}, []),
    ("coredns_cache_requests_total", {}, []),
    ("coredns_forward_requests_total", {}, ["to"]),
    ("coredns_forward_responses_total", {}, ["rcode"]),
    ("coredns_forward_responses_total", {"rcode": "SERVFAIL"}, []),
    ("coredns_forward_request_duration_seconds_bucket", {}, ["to", "le"]),
    ("coredns_forward_healthcheck_failures_total", {}, ["to"]),
    ("coredns_forward_healthcheck_broken_total", {}, []),
    ("coredns_forward_max_concurrent_rejects_total", {}, []),
    ("coredns_proxy_request_duration_seconds_bucket",
     {"proxy_name": "forward"}, ["to", "rcode", "le"]),
    ("coredns_proxy_healthcheck_failures_total", {}, ["to"]),
    ("coredns_kubernetes_dns_programming_duration_seconds_bucket", {},
     ["service_kind", "le"]),
    ("process_resident_memory_bytes", {}, []),
    ("process_cpu_seconds_total", {}, []),
    ("kubedns_dnsmasq_hits", {}, []),
    ("kubedns_dnsmasq_misses", {}, []),
    ("kubedns_probe_dnsmasq_errors", {}, []),
    ("kubedns_probe_kubedns_latency_ms_bucket", {}, ["le"]),
]

SAME = [
    ("coredns_dns_requests_total", "canopydns_dns_queries_total"),
    ("coredns_dns_responses_total", "canopydns_dns_responses_total"),
    ("coredns_dns_request_duration_seconds_count",
     "canopydns_dns_request_duration_seconds_count"),
    ("coredns_dns_request_duration_seconds_sum",
     "canopydns_dns_request_duration_seconds_sum"),
    ("coredns_cache_entries", "canopydns_cache_entries"),
    ("coredns_cache_hits_total", "canopydns_cache_hits_total"),
    ("coredns_cache_misses_total", "canopydns_cache_misses_total"),
    ("coredns_forward_requests_total", "canopydns_upstream_requests_total"),
    ("coredns_forward_responses_total",
     "canopydns_upstream_request_duration_seconds_count"),
    ("coredns_proxy_request_duration_seconds_count",
     "canopydns_upstream_request_duration_seconds_count"),
    ("coredns_proxy_request_duration_seconds_sum",
     "canopydns_upstream_request_duration_seconds_sum"),
    ("kubedns_dnsmasq_hits", "canopydns_cache_hits_total"),
    ("kubedns_dnsmasq_misses", "canopydns_cache_misses_total"),
    ("kubedns_dnsmasq_insertions", "canopydns_cache_insertions_total"),
    ("kubedns_dnsmasq_max_size", "canopydns_cache_capacity_entries"),
]


@pytest.fixture
def used(serve, upstream):
    """Answered queries of several kinds over both transports: NOERROR,
    NXDOMAIN, SERVFAIL; from zones, the cache and an upstream.  No probe comes
    later."""
    def script(query, tcp):
        broken = str(query.question[0].name).startswith("broken")
        return (fails("SERVFAIL") if broken else OUTSIDE)(query, tcp)
    outside = upstream(script)
    server = serve(objects.namespace("shop"),
                   objects.service("shop", "web", clusterIP="10.96.0.2"),
                   flags=[f"--nameservers={outside.server}",
                          "--probe-period=1h"])
    server.until(lambda: server.metrics().sum("canopydns_probes_total") >= 4,
                 "the first probes")
    for tcp in False, True:
        for name, rtype in [(WEB, "A"), (WEB, "AAAA"), (WEB, "MX"),
                            ("gone.shop.svc.cluster.local", "A"),
                            ("www.example.com", "A"),
                            ("broken.example.com", "A")]:
            server.ask(name, rtype, tcp=tcp)
        server.ask(WEB, "A", "zone", tcp=tcp)
    server.outside = outside.server
    return server


def test_panels_have_series(used):
    found = used.metrics()
    for family, labels, groups in SELECTED:
        series = [there for name, there, _ in found.samples
                  if name == family and labels.items() <= there.items()]
        assert series, (family, labels)
        for label in groups:
            assert all(there.get(label) for there in series), (family, label)


@pytest.mark.parametrize("name, ours", SAME)
def test_a_count_is_ours(used, name, ours):
    found = used.metrics()
    assert found.sum(name) == found.sum(ours) > 0


def test_requests_by_protocol_and_type(used):
    found = used.metrics()

    def requests(**labels):
        return found.sum("coredns_dns_requests_total", zone=".", view="",
                         **labels)
    cache = f"dns://:{used.port}"
    for proto in "udp", "tcp":
        assert requests(server=cache, proto=proto, type="A") == 4
        assert requests(server=cache, proto=proto, type="AAAA") == 1
        assert requests(server=cache, proto=proto, type="other") == 1
        assert requests(server=f"dns://:{used.zone_port}", proto=proto,
                        type="A") == 1


def test_responses_by_rcode(used):
    found = used.metrics()
    for code in "NOERROR", "NXDOMAIN", "SERVFAIL":
        assert (found.sum("coredns_dns_responses_total", rcode=code) ==
                found.sum("canopydns_dns_responses_total", rcode=code) > 0)


def test_hits_and_misses_are_the_requests(used):
    found = used.metrics()
    assert (found.sum("coredns_cache_requests_total") ==
            found.sum("coredns_cache_hits_total") +
            found.sum("coredns_cache_misses_total") > 0)


def test_upstreams_by_rcode(used):
    found = used.metrics()

    def answers(code):
        return found.sum("coredns_forward_responses_total", to=used.outside,
                         rcode=code)
    assert answers("NOERROR") >= 1 and answers("SERVFAIL") >= 1
    assert answers("NXDOMAIN") == 0
    for code in "NOERROR", "SERVFAIL":
        assert answers(code) == found.sum(
            "coredns_proxy_request_duration_seconds_count", to=used.outside,
            rcode=code, proxy_name="forward")


def test_failed_health_checks(serve, upstream):
    silent = upstream(lambda query, tcp: None)
    server = serve(flags=[f"--nameservers={silent.server}"])

    def failed(name):
        return server.metrics().sum(name, to=silent.server)
    assert failed("coredns_forward_healthcheck_failures_total") == 0
    server.ask("www.example.com")
    server.until(
        lambda: failed("coredns_forward_healthcheck_failures_total") > 0,
        "a failed health check")
    assert failed("coredns_proxy_healthcheck_failures_total") > 0


def test_without_a_zone_tier(canopy, manifest_file):
    server = canopy("--zone-port=off", manifests=[manifest_file()])
    found = server.metrics()
    assert {labels["server"] for name, labels, _ in found.samples
            if name == "coredns_dns_requests_total"} == {
                f"dns://:{server.port}"}
    assert not found.has("kubedns_probe_kubedns_errors")
    assert found.has("kubedns_probe_dnsmasq_errors")


def test_milliseconds(used):
    found = used.metrics()
    labels = {"tier": "cache", "transport": "udp"}
    assert found.sum("kubedns_probe_dnsmasq_latency_ms_count") == found.sum(
        "canopydns_probe_latency_seconds_count", **labels) > 0
    assert found.sum("kubedns_probe_dnsmasq_latency_ms_sum") == pytest.approx(
        1000 * found.sum("canopydns_probe_latency_seconds_sum", **labels))
    assert found.has("kubedns_probe_dnsmasq_latency_ms_bucket", le="0.25")


def test_the_page_is_well_formed(used):
    """As `promtool check metrics`: a HELP and a TYPE for each family, no series
    twice, histograms that add up."""
    page = used.metrics()
    heads = collections.Counter(
        tuple(line.split()[1:3]) for line in page.text.splitlines()
        if line.startswith("#"))
    assert set(heads.values()) == {1}
    kinds = page.families()
    assert {name for what, name in heads if what == "HELP"} == set(kinds)
    series = collections.Counter(
        (name, tuple(sorted(labels.items()))) for name, labels, _
        in page.samples)
    assert set(series.values()) == {1}
    buckets = collections.defaultdict(list)
    for name, labels, value in page.samples:
        if name.endswith("_bucket"):
            rest = tuple(sorted(
                (key, text) for key, text in labels.items() if key != "le"))
            buckets[name[:-len("_bucket")], rest].append(
                (float(labels["le"]), value))
    assert buckets
    for (name, labels), found in buckets.items():
        assert kinds[name] == "histogram"
        assert found == sorted(found), name
        assert [count for _, count in found] == sorted(
            count for _, count in found)
        assert found[-1] == (float("inf"),
                             page.sum(f"{name}_count", **dict(labels)))
