"""Identical queries in flight become one query to the upstream."""

import socket
import threading

import dns.message
import pytest

from ask import data, question, send
from upstream import records

NAME = "www.example.com"
CLIENTS = 100
MOST_ASKINGS = 3  # of a question whose answer takes long


class Gate:
    """A script that answers nothing before open()."""

    def __init__(self, script):
        self._script, self._opened = script, threading.Event()

    def __call__(self, query, tcp):
        self._opened.wait(30)
        return self._script(query, tcp)

    def open(self):
        self._opened.set()


def datagram_clients(server, count):
    """Returns sockets that have each sent the query."""
    clients = []
    for _ in range(count):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(20)
        client.connect(("127.0.0.1", server.port))
        client.send(question(NAME).to_wire())
        clients.append(client)
    return clients


def until_joined(server, count):
    server.until(lambda: server.metrics().sum(
        "canopydns_forward_joined_total") == count,
        f"{count} to wait for another's question")


@pytest.mark.parametrize("workers", [[], ["--workers=1"], ["--workers=2"]],
                         ids=["default", "1 worker", "2 workers"])
def test_a_hundred_clients_are_one_question(serve, upstream, workers):
    gate = Gate(records(f"{NAME}. 60 IN A 192.0.2.1"))
    outside = upstream(gate)
    server = serve(flags=[f"--nameservers={outside.server}", *workers])
    clients = datagram_clients(server, CLIENTS)
    until_joined(server, CLIENTS - 1)
    gate.open()
    for client in clients:
        reply = dns.message.from_wire(client.recv(4096))
        assert data(reply) == ["192.0.2.1"]
        client.close()
    assert outside.count(NAME) <= MOST_ASKINGS


def test_different_questions_are_not_joined(serve, upstream):
    gate = Gate(records(f"{NAME}. 60 IN A 192.0.2.1",
                        f"{NAME}. 60 IN AAAA 2001:db8::1"))
    outside = upstream(gate)
    server = serve(flags=[f"--nameservers={outside.server}"])
    wanted = {("A", False): ["192.0.2.1"], ("AAAA", False): ["2001:db8::1"],
              ("A", True): ["192.0.2.1"]}
    found, threads = {}, []
    for rtype, do in wanted:
        def run(key=(rtype, do)):
            found[key] = data(server.ask(NAME, key[0], do=key[1]))
        threads.append(threading.Thread(target=run))
        threads[-1].start()
    server.until(lambda: outside.count(NAME) >= 2, "both to be asked")
    gate.open()
    for thread in threads:
        thread.join()
    assert found == wanted


def test_each_client_gets_its_own_id_and_case(serve, upstream):
    gate = Gate(records(f"{NAME}. 60 IN A 192.0.2.1"))
    outside = upstream(gate)
    server = serve(flags=[f"--nameservers={outside.server}", "--workers=1"])
    asked = [question(name) for name in ("WWW.example.com", "www.EXAMPLE.com")]
    replies, threads = {}, []
    for message in asked:
        def run(message=message):
            replies[message.id] = send(message, server.port)  # checks the id
        threads.append(threading.Thread(target=run))
        threads[-1].start()
    until_joined(server, 1)
    gate.open()
    for thread in threads:
        thread.join()
    for message in asked:
        assert str(replies[message.id].question[0].name) == str(
            message.question[0].name)
    assert outside.count(NAME) <= MOST_ASKINGS
