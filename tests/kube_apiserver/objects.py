"""Short ways to write the Kubernetes objects that DNS is about."""

_RBAC = "rbac.authorization.k8s.io"


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": labels}}


def service(space, name, ports=(("http", 80),), labels=None, **spec):
    """`spec` is the Service's own: clusterIP="None", type="ExternalName", ...
    A port is (name, number) or (name, number, protocol)."""
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": _metadata(space, name, labels),
            "spec": {"ports": [_port(*port) for port in ports], **spec}}


def endpoint_slice(space, service_name, endpoints, ports=(("http", 80),),
                   name=None, family="IPv4"):
    """An endpoint is an address, or a whole endpoint as a dict."""
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": _metadata(space, name or service_name + "-1", {
                "kubernetes.io/service-name": service_name}),
            "addressType": family, "ports": [_port(*port) for port in ports],
            "endpoints": [_endpoint(endpoint) for endpoint in endpoints]}


def service_account(space, name):
    return {"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": _metadata(space, name)}


def cluster_role(name, *rules):
    """A rule is (API group, resources, verbs), the last two as words."""
    return {"apiVersion": _RBAC + "/v1", "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": [{"apiGroups": [group], "resources": resources.split(),
                       "verbs": verbs.split()}
                      for group, resources, verbs in rules]}


def cluster_role_binding(role, space, account):
    return {"apiVersion": _RBAC + "/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{role}-{space}-{account}"},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "namespace": space,
                          "name": account}]}


def _metadata(space, name, labels=None):
    return {"namespace": space, "name": name, "labels": labels or {}}


def _port(name, number, protocol="TCP"):
    return {"name": name, "port": number, "protocol": protocol}


def _endpoint(endpoint):
    if isinstance(endpoint, dict):
        return endpoint
    return {"addresses": [endpoint], "conditions": {"ready": True}}
