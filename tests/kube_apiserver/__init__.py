"""A real Kubernetes API server for tests.  Put tests/ on sys.path, then
`from kube_apiserver import Cluster`."""

from kube_apiserver.cluster import Cluster, built_binary
from kube_apiserver.rest import ApiError, Gone, NotFound

__all__ = ["ApiError", "Cluster", "Gone", "NotFound", "built_binary"]
