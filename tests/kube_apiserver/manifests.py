"""Puts manifests into the API server, whatever form they come in."""

import json
import pathlib

from kube_apiserver.rest import NotFound


class Manifests:
    """`api` and `kubectl` are the Cluster's functions of those names."""

    def __init__(self, api, kubectl):
        self._api, self._kubectl = api, kubectl
        self._resources = {}

    def apply(self, manifest):
        """Yields the stored objects."""
        if isinstance(manifest, str):
            yield from self._apply_by_kubectl("-", manifest)
        elif isinstance(manifest, pathlib.Path):
            yield from self._apply_by_kubectl(manifest, None)
        elif isinstance(manifest, dict) and manifest.get("kind") != "List":
            yield self._patch(manifest, self.path_of(manifest))
        else:
            many = isinstance(manifest, dict)
            for one in manifest["items"] if many else manifest:
                yield from self.apply(one)

    def set_status(self, manifest):
        return self._patch(manifest, self.path_of(manifest) + "/status")

    def path_of(self, manifest):
        version, kind = manifest["apiVersion"], manifest["kind"]
        plural, namespaced = self._resource(version, kind)
        space = ""
        if namespaced:
            space = manifest["metadata"].get("namespace", "default")
            space = f"/namespaces/{space}"
        name = manifest["metadata"]["name"]
        return f"{_base(version)}{space}/{plural}/{name}"

    def _resource(self, version, kind):
        if (version, kind) not in self._resources:
            self._discover(version)
        try:
            return self._resources[version, kind]
        except KeyError:
            raise ValueError(f"this API server has no {kind} in {version}; is "
                             "its CustomResourceDefinition applied?") from None

    def _discover(self, version):
        try:
            listed = self._api("GET", _base(version))
        except NotFound:
            return
        for resource in listed["resources"]:
            if "/" not in resource["name"]:
                self._resources[version, resource["kind"]] = (
                    resource["name"], resource["namespaced"])

    def _patch(self, manifest, path):
        return self._api("PATCH", path + "?fieldManager=test&force=true",
                         manifest, "application/apply-patch+yaml")

    def _apply_by_kubectl(self, file, data):
        out = json.loads(self._kubectl(
            "apply", "--server-side", "--force-conflicts", "-o", "json",
            "-f", file, data=data))
        return out["items"] if out["kind"] == "List" else [out]


def _base(version):
    return f"/api/{version}" if version == "v1" else f"/apis/{version}"
