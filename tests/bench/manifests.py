"""The cluster as manifests in a folder, and changes renamed into it."""

import json
import os
import pathlib
import tempfile
import time

from cluster import typed


class Manifests:
    """`form` is "json" (one List) or "yaml" (a file for each namespace)."""

    def __init__(self, cluster, form):
        self._top = tempfile.TemporaryDirectory(prefix="canopy-bench-")
        self.folder = pathlib.Path(self._top.name) / "manifests"
        self.folder.mkdir()
        self._changes = 0
        things = [typed(*pair) for pair in cluster.objects()
                  if pair[0] != "endpoints"]
        if form == "json":
            write_list(self.folder / "cluster.json", things)
        else:
            self._write_yaml(things)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._top.cleanup()

    def add(self, service):
        """Renames a file into place; returns time.perf_counter() before."""
        self._changes += 1
        aside = pathlib.Path(self._top.name) / "change.json"
        write_list(aside, [typed(*pair) for pair in service.objects()
                           if pair[0] != "endpoints"])
        start = time.perf_counter()
        os.rename(aside, self.folder / f"change-{self._changes}.json")
        return start

    def _write_yaml(self, things):
        by_namespace = {}
        for thing in things:
            meta = thing["metadata"]
            key = meta.get("namespace", meta["name"])
            by_namespace.setdefault(key, []).append(thing)
        for key, members in by_namespace.items():
            (self.folder / f"{key}.yaml").write_text(
                "".join(f"---\n{yaml_text(thing)}" for thing in members))


def write_list(path, things):
    with open(path, "w") as out:
        json.dump({"apiVersion": "v1", "kind": "List", "items": things}, out)


def yaml_text(thing, indent=""):
    """Block style, as people and kubectl write it."""
    lines = []
    for key, value in thing.items():
        if isinstance(value, dict) and value:
            lines.append(f"{indent}{key}:\n{yaml_text(value, indent + '  ')}")
        elif isinstance(value, list) and value:
            items = "".join(_yaml_item(item, indent) for item in value)
            lines.append(f"{indent}{key}:\n{items}")
        else:
            lines.append(f"{indent}{key}: {json.dumps(value)}\n")
    return "".join(lines)


def _yaml_item(item, indent):
    if not isinstance(item, dict):
        return f"{indent}- {json.dumps(item)}\n"
    return f"{indent}- " + yaml_text(item, indent + "  ").lstrip()
