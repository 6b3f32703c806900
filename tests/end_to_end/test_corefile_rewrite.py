"""The directive rewrite of a Corefile, over the real binary."""

import pytest

from ask import data, lines, rcode
from kube_apiserver import objects
from upstream import records, respond

RULES = r"""rewrite stop {
    name regex (.*)\.([a-z]+)\.in\.example {1}.{2}.svc.cluster.local
    answer name (.*)\.([a-z]+)\.svc\.cluster\.local {1}.{2}.in.example
  }
  rewrite name shop.example web.prod.svc.cluster.local
  rewrite name suffix .corp.example .example.org answer auto
  rewrite ttl suffix .short.example -7
"""
COREFILE = """. {
  bind 127.0.0.1
  RULES
  kubernetes cluster.local
  forward . UPSTREAM
  cache 30
  prometheus 127.0.0.1:0
  reload
}
"""


def with_rules(rules, outside):
    return COREFILE.replace("RULES", rules).replace("UPSTREAM", outside.server)


@pytest.fixture
def outside(upstream):
    others = records("a.short.example. 20 IN A 192.0.2.8")

    def script(query, tcp):
        if query.question[0].name.to_text().lower() != "www.example.org.":
            return others(query, tcp)
        return respond(query, "www.example.org. 20 IN CNAME lb.example.org.",
                       "lb.example.org. 20 IN A 192.0.2.7")
    return upstream(script)


@pytest.fixture
def server(canopy, manifest_file, outside):
    services = manifest_file(
        objects.namespace("prod"),
        objects.service("prod", "web", clusterIP="10.96.0.1"))
    return canopy(f"--manifests={services.path}",
                  corefile=with_rules(RULES, outside))


@pytest.mark.parametrize("tcp", [False, True])
def test_a_public_name_leads_to_a_service(server, tcp):
    for _ in range(2):
        reply = server.ask("shop.example", tcp=tcp)
        assert reply.question[0].name.to_text() == "shop.example."
        assert lines(reply.answer) == ["shop.example. 5 IN A 10.96.0.1"]
    assert rcode(server.ask("shop.example", "AAAA", tcp=tcp)) == "NOERROR"


def test_names_of_srv_answers(server):
    reply = server.ask("_http._tcp.web.prod.in.example", "SRV")
    assert lines(reply.answer) == [
        "_http._tcp.web.prod.in.example. 5 IN SRV "
        "0 100 80 web.prod.svc.cluster.local."]


def test_answers_of_an_upstream(server, outside):
    for _ in range(2):
        reply = server.ask("www.corp.example")
        assert [rrset.name.to_text() for rrset in reply.answer] == [
            "www.corp.example.", "lb.corp.example."]
        assert data(reply) == ["192.0.2.7", "lb.corp.example."]
    assert outside.count("www.example.org.") == 1
    reply = server.ask("a.short.example")
    assert lines(reply.answer) == ["a.short.example. 7 IN A 192.0.2.8"]


def test_rules_change_while_it_runs(server, outside):
    server.corefile.write_text(
        with_rules("rewrite name new.example web.prod.svc.cluster.local",
                   outside))
    server.until(lambda: server.data("new.example") == ["10.96.0.1"],
                 "the new rule")
    server.corefile.write_text(with_rules("", outside))
    server.until(lambda: server.data("new.example") == "NXDOMAIN", "no rule")
    assert not server.log_lines("needs a restart")
