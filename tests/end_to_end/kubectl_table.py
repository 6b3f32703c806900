"""Manifests as users write them: how a real kubectl treats each, and how we do.
test_kubectl.py tests kubectl, and test_manifest_text.py tests our server."""

import json

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: default
spec:
  clusterIP: 10.96.0.77
  ports:
  - name: http
    port: 80
"""
JSON = json.dumps({
    "apiVersion": "v1", "kind": "Service",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"clusterIP": "10.96.0.77", "ports": [{"port": 80}]}})
SLICE = """\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: web-1
  namespace: default
  labels: {kubernetes.io/service-name: web}
addressType: IPv4
endpoints:
- addresses: [10.0.0.1]
  conditions: {ready: READY}
ports: [{name: http, port: 80}]
"""
TAKEN, REFUSED = "taken", "refused"


class Row:
    """`kubectl` and `ours` are the results for `text`.  Our error text contains
    `words`."""

    def __init__(self, text, kubectl, ours=None, words=(), name="in.yaml"):
        self.octets = text if isinstance(text, bytes) else text.encode()
        self.kubectl, self.ours = kubectl, ours or kubectl
        self.words = [words] if isinstance(words, str) else words
        self.name = name


def _metadata(lines):
    """Returns the Service with more lines below `metadata`."""
    return SERVICE.replace("spec:\n", "".join(
        f"  {line}\n" for line in lines.splitlines()) + "spec:\n")


def _spec(line):
    return SERVICE + f"  {line}\n"


def _taken(text, name="in.yaml"):
    return Row(text, TAKEN, name=name)


def _refused(text, words, name="in.yaml"):
    return Row(text, REFUSED, words=words, name=name)


def _twice(text, words, name="in.yaml"):
    """kubectl sends only the last of two equal keys.  The API server's strict
    decoding refuses the original text, and so do we."""
    return Row(text, TAKEN, REFUSED, words=words, name=name)


_OPEN = "never closed"
_COLON = "a key with a colon behind it was expected here"
_LABELS = "labels: &l {a: b, c: d}\nannotations:\n"

TWICE = {
    "a field": _twice(_spec("clusterIP: None"), [":11:3: ", "clusterIP"]),
    "a field in quotes": _twice(_spec('"clusterIP": None'), [":11:", "twice"]),
    "a name": _twice(_metadata("name: db"), [":6:3: ", '"name"']),
    "a label": _twice(_metadata("labels: {a: b, a: c}"), [":6:", '"a"']),
    "in a list": _twice(SERVICE + "    port: 81\n", [":11:5: ", '"port"']),
    "the kind": _twice(SERVICE + "kind: Service\n", [":11:1: ", "---"]),
    "a forgotten ---": _twice(SERVICE + SERVICE, [":11:1: ", "---"]),
    "in JSON": _twice(JSON.replace('"ports"', '"clusterIP": "None", "ports"'),
                      [":1:", "clusterIP", "twice"], "in.json"),
}

ROWS = {
    "plain": _taken(SERVICE),
    "JSON": _taken(JSON, "in.json"),
    **TWICE,
    # Cut texts and leftovers.
    "an open quote": _refused(SERVICE.replace("http", '"http'),
                              [":9:", _OPEN]),
    "an open quote, last": _refused(_spec('type: "ClusterIP'), [":11:", _OPEN]),
    "an open single quote": _refused(_spec("type: 'ClusterIP"),
                                     [":11:", _OPEN]),
    "an open key": _refused(SERVICE + '"status\n', _OPEN),
    "no colon": _refused(SERVICE + "status\n", [":11:1: ", _COLON]),
    "no colon, deeper": _refused(_spec("type"), [":11:3: ", _COLON]),
    "no blank after the colon": _refused(SERVICE + "status:x\n",
                                         [":11:1: ", _COLON]),
    "a leftover EOF": _refused(SERVICE + "EOF\n", [":11:1: ", _COLON]),
    "an EOF behind ---": _refused(SERVICE + "---\nEOF\n", ":12:1: "),
    "an open bracket": _refused(SERVICE + "status: [\n", ":"),
    "JSON cut off": _refused(JSON[:-1], ":1:", "in.json"),
    "JSON and EOF": _refused(JSON + "\nEOF\n", ":2:1: ", "in.json"),
    "an empty key": _refused(SERVICE + "~: x\n", "key is empty"),
    "a control character": _refused(SERVICE + 'status: "a\0b"\n',
                                    [":11:", "control character"]),
    "UTF-16 without a mark": _refused(SERVICE.encode("utf-16-le"),
                                      "control character"),
    "a template": _refused(SERVICE.replace("web", "{{ .Values.name }}"),
                           [":4:", "Helm template; render it first"]),
    "a template's line": _refused(SERVICE + "{{- if .x }}\n{{- end }}\n",
                                  "Helm template; render it first"),
    "a template in quotes": _refused(
        SERVICE.replace("web", "'{{ .Values.name }}'"),
        "Helm template; render it first"),
    # Merge keys.
    "a merge": _taken(_metadata(_LABELS + "  <<: *l")),
    "a merge and more": _taken(_metadata(_LABELS + "  <<: *l\n  a: e")),
    "a merge behind": _taken(_metadata(_LABELS + "  a: e\n  <<: *l")),
    "a merge of two": _taken(_metadata(_LABELS + "  <<: [*l, {a: z}]")),
    "two merges": _taken(_metadata(_LABELS + "  <<: *l\n  <<: {e: f}")),
    "a merge of text": _refused(_metadata("labels:\n  <<: b"), "<<"),
    "a merge of nothing": _refused(_metadata("labels:\n  <<:"), "<<"),
    "a merge of texts": _refused(_metadata("labels:\n  <<: [b]"), "<<"),
    # Line ends and byte order marks of Windows.
    "a mark": _taken("\ufeff" + SERVICE),
    "a mark in the middle": _taken(
        SERVICE + "---\n\ufeff" + SERVICE.replace("web", "db").replace(
            "10.96.0.77", "10.96.0.78")),
    "JSON with a mark": _taken("\ufeff" + JSON, "in.json"),
    "UTF-16": _taken(("\ufeff" + SERVICE).encode("utf-16-le")),
    "UTF-16, big": _taken(("\ufeff" + SERVICE).encode("utf-16-be")),
    "JSON in UTF-16": _taken(("\ufeff" + JSON).encode("utf-16-le"), "in.json"),
    "CR LF": _taken(SERVICE.replace("\n", "\r\n")),
    # YAML 1.1.
    **{f"ready: {text}": _taken(SLICE.replace("READY", text)) for text in
       ("yes", "No", "ON", "off", "y", "N", "null", '!!bool "true"')},
    **{f"publishNotReadyAddresses: {text}":
       _taken(_spec(f"publishNotReadyAddresses: {text}"))
       for text in ("true", "yes", "Yes", "YES", "no", "on", "Off", "y", "n",
                    "~", '!!bool "true"')},
    **{f"publishNotReadyAddresses: {text}":
       _refused(_spec(f"publishNotReadyAddresses: {text}"),
                "publishNotReadyAddresses is not true or false")
       for text in ("1", "yEs", "'true'", '"yes"')},
    "a name that is true": _refused(SERVICE.replace("name: web", "name: yes"),
                                    "name is not a string"),
    **{f"port: {text}": _taken(SERVICE.replace("80", text))
       for text in ("0x50", "0o120", "0120", "8_0", "+80", "80.0",
                    '!!int "80"')},
    "a port in quotes": _refused(SERVICE.replace("80", "'80'"), "port"),
    # Documents of other kinds: we skip them; kubectl cannot.
    "no kind": Row("replicas: 2\n", REFUSED, TAKEN),
    "a patch": Row("- {op: add, path: /x, value: 1}\n", REFUSED, TAKEN),
    "a list of texts": _refused("- a\n- b\n", "expected a Kubernetes object"),
    "text": _refused("hello\n", "expected a Kubernetes object"),
}
