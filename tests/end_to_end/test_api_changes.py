"""A real API server, our service account, and the RBAC of deploy/: a change is
in the next answer after it is published."""

import json
import subprocess

import pytest

from ask import data, lines, rcode
from conftest import DEPLOY, USER
from kube_apiserver import objects

pytestmark = pytest.mark.apiserver


def name(service, space):
    return f"{service}.{space}.svc.cluster.local"


def address_of(service):
    return [service["spec"]["clusterIP"]]


class Step:
    """Changes the cluster, then checks the next answers of the cache tier."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self._serial = self.server.serial()

    def __exit__(self, kind, *exception):
        if kind is None:
            self.server.until_serial_moves(self._serial)


def test_what_is_there_at_the_start(follow):
    server = follow()
    assert server.data("kubernetes.default.svc.cluster.local") == ["10.96.0.1"]
    assert server.data("1.0.96.10.in-addr.arpa", "PTR") == [
        "kubernetes.default.svc.cluster.local."]
    assert server.data("_https._tcp.kubernetes.default.svc.cluster.local",
                       "SRV") == [
        "0 100 443 kubernetes.default.svc.cluster.local."]
    assert rcode(server.ask("kube-public.svc.cluster.local")) == "NOERROR"


def test_our_own_service_is_the_name_server(follow):
    server = follow()
    reply = server.ask("cluster.local", "NS")
    assert data(reply) == ["ns.dns.cluster.local."]
    assert lines(reply.additional) == ["ns.dns.cluster.local. 30 IN A "
                                       "10.96.0.10"]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_a_service_comes_changes_and_goes(cluster, space, follow, tcp):
    server = follow("--workers=2")
    web, change = name("web", space), Step(server)
    for _ in range(2):
        assert server.data(web, tcp=tcp) == "NXDOMAIN"
    with change:
        stored = cluster.apply(objects.service(space, "web"))
    assert server.data(web, tcp=tcp) == address_of(stored)
    assert server.data(f"_http._tcp.{web}", "SRV", tcp=tcp) == [
        f"0 100 80 {web}."]

    with change:  # another port
        cluster.apply(objects.service(space, "web", [("www", 8080)]))
    assert server.data(f"_http._tcp.{web}", "SRV", tcp=tcp) == "NXDOMAIN"
    assert server.data(f"_www._tcp.{web}", "SRV", tcp=tcp) == [
        f"0 100 8080 {web}."]

    with change:
        cluster.delete(objects.service(space, "web"))
    assert server.data(web, tcp=tcp) == "NXDOMAIN"
    with change:  # another ClusterIP
        stored = cluster.apply(objects.service(space, "web"))
    assert server.data(web, tcp=tcp) == address_of(stored)


def test_endpoints_come_change_and_go(cluster, space, follow):
    server = follow()
    db, change = name("db", space), Step(server)
    # A Service without endpoints has no records to publish.
    cluster.apply(objects.service(space, "db", clusterIP="None"))
    assert server.data(db) == "NXDOMAIN"
    with change:
        cluster.apply(objects.endpoint_slice(space, "db", [
            {"addresses": ["10.244.7.1"], "hostname": "db-0"}]))
        # The Service arrives by another watch, which may be later.
        server.until(lambda: server.metrics().sum(
            "canopydns_watch_events_total", kind="Service", type="ADDED") >= 1,
            "the Service")
    assert server.data(db) == ["10.244.7.1"]
    assert server.data(f"db-0.{db}") == ["10.244.7.1"]
    with change:
        cluster.apply(objects.endpoint_slice(space, "db", [
            {"addresses": ["10.244.7.2"], "hostname": "db-0"},
            {"addresses": ["10.244.7.3"], "conditions": {"ready": False}}]))
    assert server.data(db) == ["10.244.7.2"]
    assert server.data(f"db-0.{db}") == ["10.244.7.2"]
    assert server.data("2.7.244.10.in-addr.arpa", "PTR") == [f"db-0.{db}."]
    with change:
        cluster.delete(objects.endpoint_slice(space, "db", []))
    assert server.data(db) == "NXDOMAIN"


def test_dual_stack(cluster, space, follow):
    server = follow()
    with Step(server):
        stored = cluster.apply(objects.service(
            space, "both", ipFamilyPolicy="RequireDualStack"))
    four, six = stored["spec"]["clusterIPs"]
    assert server.data(name("both", space)) == [four]
    assert server.data(name("both", space), "AAAA") == [six]


def test_a_namespace_goes_with_all_in_it(cluster, follow):
    space = "doomed"
    cluster.apply(objects.namespace(space))
    server = follow()
    stored = cluster.apply(objects.service(space, "web"))
    cluster.apply(objects.service(space, "db", clusterIP="None"),
                  objects.endpoint_slice(space, "db", ["10.244.8.1"]))
    server.until(lambda: server.data(name("db", space)) == ["10.244.8.1"],
                 "the endpoint")
    assert server.data(name("web", space)) == address_of(stored)
    assert server.data(f"{space}.svc.cluster.local") == "NOERROR"
    cluster.delete_namespace(space)
    server.until(lambda: server.data(f"{space}.svc.cluster.local")
                 == "NXDOMAIN", "the namespace to be gone")
    for label in "web", "db", "10-244-8-1.db":
        assert server.data(name(label, space)) == "NXDOMAIN"
    assert server.data("1.8.244.10.in-addr.arpa", "PTR", "zone") == "NXDOMAIN"


def test_what_kubectl_writes(cluster, space, follow):
    server = follow()
    change = Step(server)
    with change:
        cluster.kubectl("create", "service", "clusterip", "web",
                        "--tcp=80:8080", "-n", space)
    stored = cluster.api("GET", f"/api/v1/namespaces/{space}/services/web")
    assert server.data(name("web", space)) == address_of(stored)
    assert server.data(f"_80-8080._tcp.{name('web', space)}", "SRV") == [
        f"0 100 80 {name('web', space)}."]
    with change:
        cluster.kubectl("apply", "-f", "-", data=f"""
apiVersion: v1
kind: Service
metadata: {{name: out, namespace: {space}}}
spec: {{type: ExternalName, externalName: web.{space}.svc.cluster.local}}
""")
    assert server.data(name("out", space)) == address_of(stored)
    with change:
        cluster.kubectl("patch", "service", "out", "-n", space, "-p",
                        '{"spec":{"externalName":"gone.cluster.local"}}')
    assert server.data(name("out", space)) == "NXDOMAIN"
    with change:
        cluster.kubectl("delete", "service", "web", "-n", space)
    assert server.data(name("web", space)) == "NXDOMAIN"


def test_labels_are_selected_by_the_server(cluster, space, follow):
    cluster.apply(objects.service(space, "yes", labels={"dns": "on"}),
                  objects.service(space, "no", labels={"dns": "off"}))
    server = follow("--labels=dns=on")
    assert server.data(name("no", space)) == "NXDOMAIN"
    assert server.data(name("yes", space)) != "NXDOMAIN"
    with Step(server):
        cluster.apply(objects.service(space, "yes", labels={"dns": "off"}))
    assert server.data(name("yes", space)) == "NXDOMAIN"


def test_namespace_labels_change(cluster, space, follow):
    cluster.apply(objects.service(space, "web"))
    server = follow("--namespace-labels=dns=on")
    assert server.data(name("web", space)) == "NXDOMAIN"
    with Step(server):
        cluster.apply(objects.namespace(space, dns="on"))
    assert server.data(name("web", space)) != "NXDOMAIN"
    with Step(server):
        cluster.apply(objects.namespace(space, dns="off"))
    assert server.data(name("web", space)) == "NXDOMAIN"


def test_it_asks_for_nothing_it_may_not_have(cluster, follow):
    before = len(cluster.requests(USER))  # other tests try what is forbidden
    server = follow()

    def watches():
        return [event for event in cluster.requests(USER)[before:]
                if "allowWatchBookmarks=true" in event["requestURI"]]
    server.until(lambda: len(watches()) >= 3, "a watch of each kind")
    asked = cluster.requests(USER)[before:]
    for event in asked:
        assert event["verb"] in ("list", "watch")
        assert event["responseStatus"]["code"] in (200, 410), event
    assert {event["objectRef"]["resource"] for event in asked} == {
        "services", "namespaces", "endpointslices"}


def test_it_has_no_rights_but_those_it_needs(cluster):
    """Asks the API server about each verb on each resource."""
    def may(verb, group, resource):
        review = cluster.api(
            "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            {"apiVersion": "authorization.k8s.io/v1",
             "kind": "SubjectAccessReview",
             "spec": {"user": USER, "resourceAttributes": {
                 "verb": verb, "group": group, "resource": resource}}})
        return review["status"]["allowed"]

    verbs = ("get", "list", "watch", "create", "update", "patch", "delete",
             "deletecollection", "*")
    resources = [("", "services"), ("", "namespaces"), ("", "pods"),
                 ("", "endpoints"), ("", "nodes"), ("", "secrets"),
                 ("", "configmaps"), ("", "serviceaccounts"), ("", "events"),
                 ("", "*"), ("discovery.k8s.io", "endpointslices"),
                 ("apps", "deployments"), ("coordination.k8s.io", "leases"),
                 ("rbac.authorization.k8s.io", "clusterroles"), ("*", "*")]
    allowed = {(verb, resource) for verb in verbs
               for group, resource in resources if may(verb, group, resource)}
    assert allowed == {(verb, resource) for verb in ("list", "watch") for
                       resource in ("services", "namespaces",
                                    "endpointslices")}


@pytest.fixture
def restricted(cluster, space):
    """A namespace with the strictest Pod Security Standard."""
    cluster.apply(objects.namespace(
        space, **{"pod-security.kubernetes.io/enforce": "restricted"}))
    cluster.kubectl("create", "serviceaccount", "canopydns", "-n", space)
    return space


def our_pod(cluster, space):
    template = json.loads(cluster.kubectl(
        "get", "deployment", "canopydns", "-n", "kube-system", "-o",
        "json"))["spec"]["template"]
    return {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
            "metadata": {"name": "canopydns", "namespace": space}}


def test_the_pod_keeps_to_the_strictest_standard(cluster, restricted):
    """seccomp RuntimeDefault, no root, no privilege escalation, all
    capabilities dropped.  A real API server admits this Pod and rejects it
    without any one of them."""
    pod = our_pod(cluster, restricted)

    def apply(pod):
        return cluster.kubectl("create", "--dry-run=server", "-f", "-",
                               data=json.dumps(pod))
    assert "pod/canopydns created" in apply(pod)
    container = pod["spec"]["containers"][0]["securityContext"]
    assert container["readOnlyRootFilesystem"] is True  # of no standard
    for context, setting in ((pod["spec"]["securityContext"], "seccompProfile"),
                             (pod["spec"]["securityContext"], "runAsNonRoot"),
                             (container, "allowPrivilegeEscalation"),
                             (container, "capabilities")):
        kept = context.pop(setting)
        with pytest.raises(subprocess.CalledProcessError) as refused:
            apply(pod)
        assert f'violates PodSecurity "restricted' in refused.value.stderr
        assert setting in refused.value.stderr
        context[setting] = kept


def test_the_manifests_of_deploy_were_taken(cluster):
    """A real API server validates and accepts them."""
    stored = cluster.kubectl("get", "-k", DEPLOY, "-o", "name").split()
    assert "deployment.apps/canopydns" in stored
    assert "service/kube-dns" in stored
