"""One HTTP request, as a kubelet or Prometheus sends it."""

import http.client
import json
import re

from until import PATIENCE


class Page:
    """status, body (text), headers."""

    def __init__(self, port, path, address="127.0.0.1", method="GET",
                 headers=None, seconds=PATIENCE):
        connection = http.client.HTTPConnection(address, port, timeout=seconds)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            self.status = answer.status
            self.headers = answer.headers
            self.body = answer.read().decode()
        finally:
            connection.close()

    def json(self):
        return json.loads(self.body)


_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """Parses Prometheus' text format into samples."""

    def __init__(self, text):
        self.text = text
        self.samples = []  # (name, labels, value)
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            name, labels, value = _SAMPLE.match(line).groups()
            self.samples.append(
                (name, dict(_LABEL.findall(labels or "")), float(value)))

    def sum(self, family, **labels):
        """Returns the sum of the family's samples with these labels; 0 if there
        are none."""
        return sum(value for name, found, value in self.samples
                   if name == family and labels.items() <= found.items())

    def has(self, family, **labels):
        return any(name == family and labels.items() <= found.items()
                   for name, found, _ in self.samples)

    def families(self):
        return {line.split()[2]: line.split()[3]
                for line in self.text.splitlines() if line.startswith("# TYPE")}
