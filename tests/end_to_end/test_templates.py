"""Answers that a Corefile makes itself: template, nsid, chaos and whoami."""

import pytest

from corefile import CorefileServer
from network_namespace import NetworkNamespace

COREFILE = r"""
example:53 {
    template IN A {
        match ^ip-(?P<a>\d+)-(?P<b>\d+)[.]example[.]$
        answer "{{ .Name }} 60 IN A 10.0.{{ .Group.a }}.{{ .Group.b }}"
        fallthrough
    }
    template ANY ANY local.example {
        rcode NXDOMAIN
        authority "{{ .Zone }} 60 IN SOA ns.{{ .Zone }} h.{{ .Zone }} (1 2 3 4 60)"
        ederror 15 "blocked here"
    }
    nsid the replica
    chaos CoreDNS-001 ann
    whoami
}
version.bind:53 authors.bind:53 {
    chaos CoreDNS-001 ann
}
"""


@pytest.fixture
def server(tmp_path):
    path = tmp_path / "Corefile"
    path.write_text(COREFILE)
    with NetworkNamespace() as inside:
        with CorefileServer(inside, path, tmp_path) as running:
            yield running


def test_templates_answer(server):
    assert server.short("ip-1-2.example", "A") == ["10.0.1.2"]
    # 300 is not part of an address: the record is invalid.
    text = server.dig("ip-300-2.example", "A")
    assert "SERVFAIL" in text and "EDE: 0" in text and "template at" in text
    text = server.dig("x.local.example", "MX")
    assert "NXDOMAIN" in text and "EDE: 15 (Blocked): (blocked here)" in text
    assert "ns.local.example. h.local.example. 1 2 3 4 60" in text


def test_the_server_tells_about_itself_and_the_client(server):
    assert '"the replica"' in server.dig("+nsid", "a.example", "A")
    assert "NSID" not in server.dig("a.example", "A")
    assert server.short("CH", "TXT", "version.bind") == ['"CoreDNS-001"']
    assert server.short("CH", "TXT", "authors.bind") == ['"ann"']
    text = server.dig("+tcp", "a.example", "TXT")
    assert "NOERROR" in text and "ANSWER: 0" in text
    assert "_tcp.a.example.\t\t0\tIN\tSRV\t0 0" in text
    assert "a.example.\t\t0\tIN\tA\t127.0.0.1" in text
