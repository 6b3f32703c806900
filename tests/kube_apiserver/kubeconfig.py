"""Writes a kubeconfig in the shape `kubectl config` gives it."""

import base64
import json
import pathlib
import re


def write_kubeconfig(path, server, cluster=None, user=None, namespace=None):
    """`cluster` and `user` are the fields of those sections, by the names the
    file has for them.  Returns the path."""
    context = {"cluster": "test", "namespace": namespace, "user": "test"}
    path = pathlib.Path(path)
    path.write_text("\n".join([
        "apiVersion: v1", "kind: Config", "preferences: {}",
        "current-context: test",
        "clusters:", "- name: test", "  cluster:",
        *_fields({**(cluster or {}), "server": server}),
        "contexts:", "- name: test", "  context:", *_fields(context),
        "users:", "- name: test", *_user(user or {}), ""]))
    path.chmod(0o600)
    return path


def inline(path):
    """A file as a `...-data` field."""
    return base64.b64encode(pathlib.Path(path).read_bytes()).decode()


def _user(fields):
    return ["  user:", *_fields(fields)] if fields else ["  user: {}"]


def _fields(fields):
    return [f"    {key}: {_value(value)}" for key, value in fields.items()
            if value is not None]


def _value(value):
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z/][\w+/=.:-]*", value):
        return value
    return json.dumps(value)  # JSON is YAML too
