"""Bad input ends the process with status 2 and one line with the fault, its
place and a remedy.  `check` reports the same without serving."""

import json
import os
import re
import shutil
import subprocess

import pytest

from canopy import run
from files import manifest
from kube_apiserver import objects


def refused(done, *words):
    """Checks for status 2 and one line on stderr with these words."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("canopydns: "), done.stderr
    for word in words:
        assert word in done.stderr, (word, done.stderr)


FLAGS = [
    (["--no-such-flag"], ["--no-such-flag", "--help"]),
    (["--dns-prot=53"], ["--dns-prot", "--dns-port"]),
    (["serv"], ["serv"]),
    (["serve", "extra"], ["extra"]),
    (["--dns-port=x"], ["--dns-port", '"x"', "0 to 65535"]),
    (["--dns-port=65536"], ["--dns-port", "65535"]),
    (["--dns-port=-1"], ["--dns-port"]),
    (["--dns-port="], ["--dns-port"]),
    (["--dns-port"], ["--dns-port"]),
    (["--zone-port=on"], ["--zone-port", "off"]),
    (["--healthz-port=http"], ["--healthz-port"]),
    (["--dns-port=5300", "--zone-port=5300"], ["--zone-port", "5300"]),
    (["--dns-bind-address=localhost"], ["--dns-bind-address", "localhost"]),
    (["--dns-bind-address=127.0.0.1,"], ["--dns-bind-address"]),
    (["--dns-bind-address=300.0.0.1"], ["300.0.0.1"]),
    (["--workers=0"], ["--workers", "1"]),
    (["--workers=many"], ["--workers", "many"]),
    (["--ttl=-5"], ["--ttl"]),
    (["--ttl=30s"], ["--ttl", "30s"]),
    (["--ttl=4294967296"], ["--ttl"]),
    (["--negative-ttl=no"], ["--negative-ttl"]),
    (["--domain=a..b"], ["--domain", "a..b"]),
    (["--domain=" + "a" * 64], ["--domain"]),
    (["--domain=."], ["--domain"]),
    (["--pods=all"], ["--pods", "disabled", "insecure", "verified"]),
    (["--namespaces=a,,b"], ["--namespaces"]),
    (["--labels=a in"], ["--labels", "a in"]),
    (["--namespace-labels==x"], ["--namespace-labels"]),
    (["--endpoint-pod-names=maybe"], ["--endpoint-pod-names"]),
    (["--nameservers=dns.example.com"], ["--nameservers", "dns.example.com"]),
    (["--nameservers=::1:53:"], ["--nameservers"]),
    (["--nameservers=192.0.2.1:0"], ["--nameservers"]),
    (["--nameservers=0.0.0.0"], ["--nameservers"]),
    (["--resolv-conf=/no/such/file"], ["/no/such/file", "--resolv-conf"]),
    (["--config-dir=/no/such/folder"], ["/no/such/folder"]),
    (["--cache-size=big"], ["--cache-size"]),
    (["--cache-memory=1X"], ["--cache-memory", "1X"]),
    (["--probe-period=2"], ["--probe-period", "2s"]),
    (["--probe-latency=soon"], ["--probe-latency"]),
    (["--grace-period=-1s"], ["--grace-period"]),
    (["--user=nobody-of-that-name"], ["--user", "nobody-of-that-name"]),
    (["--user=0:no-such-group"], ["--user", "does not have"]),
    (["--user="], ["--user"]),
    (["--log-level=loud"], ["--log-level", "debug"]),
    (["--kube-master-url=10.0.0.1:6443"], ["--kube-master-url", "https://"]),
    (["--kube-master-url=https://"], ["--kube-master-url"]),
    (["--kubeconfig=/no/such/file"], ["/no/such/file"]),
    (["--manifests=/no/such/folder"], ["/no/such/folder"]),
]
FREE = ["--dns-bind-address=127.0.0.1", "--dns-port=0", "--zone-port=0",
        "--healthz-port=0"]


def free_but(flags):
    named = [flag.split("=")[0] for flag in flags]
    return [flag for flag in FREE if flag.split("=")[0] not in named]


@pytest.mark.parametrize("command", ["serve", "check"])
@pytest.mark.parametrize("flags, words", FLAGS,
                         ids=[" ".join(flags)[:40] for flags, _ in FLAGS])
def test_flags(tmp_path, command, flags, words):
    source = [] if any(flag.startswith(("--kube", "--manifests"))
                       for flag in flags) else [f"--manifests={tmp_path}"]
    start = [] if not flags[0].startswith("-") else [command]
    refused(run(*start, *flags, *source, *free_but(flags)), *words)


@pytest.mark.parametrize("name, value, words", [
    ("CANOPYDNS_TTL", "soon", ["CANOPYDNS_TTL", "soon"]),
    ("CANOPYDNS_DNS_PORT", "99999", ["CANOPYDNS_DNS_PORT"]),
    ("CANOPYDNS_PODS", "all", ["CANOPYDNS_PODS", "insecure"]),
    ("CANOPYDNS_LOG_QUERIES", "perhaps", ["CANOPYDNS_LOG_QUERIES"]),
    ("CANOPYDNS_MANIFESTS", "/no/such/folder", ["/no/such/folder"]),
])
def test_environment(tmp_path, name, value, words):
    source = [] if "MANIFESTS" in name else [f"--manifests={tmp_path}"]
    flags = [flag for flag in FREE if flag[2:].split("=")[0].replace(
        "-", "_").upper() not in name]
    refused(run("serve", *source, *flags, env={name: value}), *words)


def test_no_source_outside_a_cluster():
    refused(run("serve", *FREE), "--manifests", "--kubeconfig",
            "--kube-master-url")


def test_two_sources(tmp_path):
    refused(run(f"--manifests={tmp_path}", "--kube-master-url=http://127.0.0.1",
                *FREE), "--manifests", "--kube-master-url")


@pytest.mark.parametrize("command", ["serve", "check"])
@pytest.mark.parametrize("path, words", [
    ("none/snapshot", ["no folder"]), (".", ["a folder"])])
def test_snapshot_files(tmp_path, command, path, words):
    refused(run(command, "--kube-master-url=http://127.0.0.1:1",
                f"--snapshot-file={tmp_path / path}", *FREE),
            "--snapshot-file", *words)


def test_a_snapshot_of_manifests(tmp_path):
    refused(run("check", f"--manifests={tmp_path}",
                f"--snapshot-file={tmp_path}/snapshot", *FREE),
            "--manifests", "--snapshot-file")


MANIFESTS = {
    "not YAML": ("kind: [Service\n", [":"]),
    "a tab": ("kind: Service\n\tmetadata: {}\n", [":2"]),
    "not a mapping": ("- just\n- a list\n", []),
    "no name": ("apiVersion: v1\nkind: Service\nmetadata: {namespace: a}\n",
                ["name"]),
    "an address that is none": (
        manifest(objects.service("a", "web", clusterIP="10.96.0")),
        ["10.96.0"]),
    "a port that is none": (
        manifest(objects.service("a", "web", [("http", 70000)],
                                 clusterIP="10.96.0.2")), ["port"]),
    "a good object before it": (
        manifest(objects.service("a", "web", clusterIP="10.96.0.2"),
                 objects.service("a", "bad", clusterIP="web")), ["a/bad"]),
    "a name that is no DNS label": (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + "x" * 64 +
        "}\n", [":2:", "x" * 64, "DNS label"]),
    "a merge key of text": ("a: {<<: b}\n", [":1:", "<<"]),
    "cut off JSON": ('{"apiVersion": "v1", "kind": "List", "items": [', []),
    "cut off in a string": ('{"apiVersion": "v', []),
    "deep nesting": ("[" * 100_000, []),
    "binary": ("\0\1\2\xff", []),
    "the second document": (
        manifest(objects.namespace("a")) + "\n---\nkind: {\n", []),
}


@pytest.mark.parametrize("command", ["serve", "check"])
@pytest.mark.parametrize("text, words", MANIFESTS.values(),
                         ids=MANIFESTS.keys())
def test_manifests(tmp_path, command, text, words):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="latin-1")
    refused(run(command, f"--manifests={path}", *FREE), str(path), *words)


def test_an_alias_bomb_ends_soon(tmp_path):
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]"
               for i in range(1, 12)]
    path = tmp_path / "bomb.yaml"
    path.write_text("kind: Service\napiVersion: v1\n" + "\n".join(levels))
    refused(run("check", f"--manifests={path}", *FREE), str(path))


KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: here
clusters: [{{name: c, cluster: {{{cluster}}}}}]
contexts: [{{name: here, context: {{cluster: c, user: u}}}}]
users: [{{name: u, user: {{{user}}}}}]
"""
GOOD = "server: 'http://127.0.0.1:1'"
KUBECONFIGS = {
    "not YAML": ("a: [", []),
    "empty": ("", []),
    "a list": ("- a", []),
    "no context": ("apiVersion: v1\nkind: Config\n", ["current-context"]),
    "a context that is not there": ("current-context: gone\ncontexts: []\n",
                                    ["gone"]),
    "no server": (KUBECONFIG.format(cluster="", user=""), ["server"]),
    "a server that is none": (
        KUBECONFIG.format(cluster="server: nonsense", user=""), ["nonsense"]),
    "a CA file that is not there": (KUBECONFIG.format(
        cluster="server: 'https://127.0.0.1:1', certificate-authority: gone.crt",
        user=""), ["gone.crt"]),
    "CA data not base64": (KUBECONFIG.format(
        cluster=GOOD + ", certificate-authority-data: '***'", user=""),
        ["certificate-authority-data"]),
    "CA data not PEM": (KUBECONFIG.format(
        cluster=GOOD + ", certificate-authority-data: aGVsbG8=", user=""),
        ["certificate"]),
    "a token file that is not there": (
        KUBECONFIG.format(cluster=GOOD, user="tokenFile: gone.token"),
        ["gone.token"]),
    "a certificate without its key": (
        KUBECONFIG.format(cluster=GOOD, user="client-certificate: a.crt"),
        ["client-key"]),
    "a certificate that is none": (
        KUBECONFIG.format(cluster=GOOD, user="client-certificate-data: "
                          "aGVsbG8=, client-key-data: aGVsbG8="),
        ["certificate"]),
    "a password": (
        KUBECONFIG.format(cluster=GOOD, user="username: a, password: b"),
        ["password"]),
    "exec without a command": (
        KUBECONFIG.format(cluster=GOOD, user="exec: {args: [a]}"), ["command"]),
    "a proxy": (KUBECONFIG.format(cluster=GOOD + ", proxy-url: 'http://p:1'",
                                  user=""), ["proxy-url"]),
}


@pytest.mark.parametrize("command", ["serve", "check"])
@pytest.mark.parametrize("text, words", KUBECONFIGS.values(),
                         ids=KUBECONFIGS.keys())
def test_kubeconfigs(tmp_path, command, text, words):
    path = tmp_path / "kube.conf"
    path.write_text(text)
    refused(run(command, f"--kubeconfig={path}", *FREE), "kube", *words)


def make_key(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                    "-subj", "/CN=a", "-keyout", folder / f"{name}.key", "-out",
                    folder / f"{name}.crt"], check=True,
                   stderr=subprocess.DEVNULL)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl not installed")
def test_a_key_of_another_certificate(tmp_path):
    make_key(tmp_path, "one")
    make_key(tmp_path, "two")
    path = tmp_path / "kube.conf"
    path.write_text(KUBECONFIG.format(
        cluster=GOOD, user="client-certificate: one.crt, client-key: two.key"))
    refused(run("check", f"--kubeconfig={path}"), "one.crt", "two.key")


CONFIG_DIRS = {
    "not JSON": {"upstreamNameservers": "8.8.8.8"},
    "a name": {"upstreamNameservers": '["dns.example.com"]'},
    "four": {"upstreamNameservers": '["192.0.2.1", "192.0.2.2", "192.0.2.3", '
                                    '"192.0.2.4"]'},
    "a list for a map": {"stubDomains": "[]"},
    "no domain": {"stubDomains": '{"a_b..c": ["192.0.2.1"]}'},
    "no server": {"stubDomains": '{"corp.test": "192.0.2.1"}'},
}


@pytest.mark.parametrize("command", ["serve", "check"])
@pytest.mark.parametrize("files", CONFIG_DIRS.values(), ids=CONFIG_DIRS.keys())
def test_config_dirs_at_the_start(tmp_path, command, files):
    config, manifests = tmp_path / "config", tmp_path / "manifests"
    config.mkdir()
    manifests.mkdir()
    for name, text in files.items():
        (config / name).write_text(text)
    refused(run(command, f"--config-dir={config}", f"--manifests={manifests}",
                *FREE), str(config / next(iter(files))))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "objects.yaml"
    path.write_text(manifest())
    path.chmod(0)
    refused(run("check", f"--manifests={path}"), str(path))


# --- what is no mistake -------------------------------------------------


def test_check_lists_every_fault(tmp_path):
    (tmp_path / "a.yaml").write_text(manifest(
        objects.service("a", "one", clusterIP="10.96.0"),
        objects.service("a", "good", clusterIP="10.96.0.2"),
        objects.service("a", "two", [("http", 70000)], clusterIP="10.96.0.3")))
    (tmp_path / "b.yaml").write_text("kind: [Service\n")
    (tmp_path / "c.yaml").write_text(
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: a_b}\n")
    done = run("check", f"--manifests={tmp_path}", *FREE)
    assert done.returncode == 2
    faults = done.stderr.splitlines()
    assert len(faults) == 4, done.stderr
    for fault, words in zip(faults, (["a.yaml", "a/one"], ["a.yaml", "a/two"],
                                     ["b.yaml"], ["c.yaml:2:", "a_b"])):
        assert all(word in fault for word in words), fault
    assert "1 Service (1 ClusterIP" in done.stdout


def test_check_counts_what_is_there(tmp_path):
    (tmp_path / "objects.yaml").write_text(manifest(
        objects.service("a", "web", clusterIP="10.96.0.2"),
        objects.service("a", "bare"),
        objects.service("a", "db", clusterIP="None"),
        objects.service("a", "ext", type="ExternalName",
                        externalName="host:8080")))
    (tmp_path / "kustomization.yaml").write_text("resources: [objects.yaml]\n")
    (tmp_path / "values.yaml").write_text("replicas: 2\n")
    (tmp_path / "more.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n")
    done = run("check", f"--manifests={tmp_path}", *FREE)
    assert done.returncode == 0, done.stderr
    for words in ("4 Services (2 ClusterIP, 1 headless, 1 ExternalName)",
                  "1 Deployment", "without clusterIP", "a/bare",
                  "a ready endpoint: a/db", "host:8080",
                  "kustomization.yaml", "values.yaml"):
        assert words in done.stdout, done.stdout


def test_odd_spellings(tmp_path, canopy):
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "A.YAML").write_text(manifest(
        objects.service("a", "web", clusterIP="10.96.0.2")))
    (folder / "b.Json").write_text(json.dumps(
        objects.service("a", "two", clusterIP="10.96.0.3")))
    (folder / "c.yml").write_text(
        "apiVersion: v1\nkind: service\nmetadata: {name: b}\n")
    server = canopy(manifests=[folder])
    assert server.data("web.a.svc.cluster.local") == ["10.96.0.2"]
    assert server.data("two.a.svc.cluster.local") == ["10.96.0.3"]
    assert server.log_lines('c.yml: kind "service" should be spelled Service')


def test_an_empty_folder_is_a_warning(tmp_path, canopy):
    done = run("check", f"--manifests={tmp_path}", *FREE)
    assert done.returncode == 0 and "warning" in done.stdout
    server = canopy(manifests=[tmp_path])
    assert server.log_lines("no cluster name will resolve")


def test_a_foreign_file_does_not_stop_the_rest(tmp_path, canopy):
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "a.yaml").write_text(manifest(
        objects.service("a", "web", clusterIP="10.96.0.2"),
        {"metadata": {"name": "b"}}))
    (folder / "values.yaml").write_text("replicas: 2\n")
    server = canopy(manifests=[folder])
    assert server.data("web.a.svc.cluster.local") == ["10.96.0.2"]
    for name in "a.yaml", "values.yaml":
        assert len(server.log_lines(f"{folder / name}: ignoring documents without a kind")) == 1


def test_service_cidr(tmp_path, canopy):
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "a.yaml").write_text(manifest(
        objects.service("a", "web"), objects.service("a", "other"),
        objects.service("a", "db", clusterIP="None"),
        objects.service("a", "fixed", clusterIP="10.96.0.9")))
    plain = canopy(manifests=[folder])
    assert plain.data("web.a.svc.cluster.local") == "NXDOMAIN"
    warning, = plain.log_lines("--service-cidr")
    assert "a/other, a/web" in warning
    first = canopy("--service-cidr=10.96.0.0/12", manifests=[folder])
    address, = first.data("web.a.svc.cluster.local")
    assert first.log_lines("2 Services without clusterIP were assigned")
    again = canopy("--service-cidr=10.96.0.0/12", manifests=[folder])
    assert again.data("web.a.svc.cluster.local") == [address]
    # A written address wins, and the other one moves.
    (folder / "b.yaml").write_text(manifest(
        objects.service("a", "late", clusterIP=address)))
    again.until(lambda: again.data("late.a.svc.cluster.local") == [address],
                "the written address to be served")
    moved = again.data("web.a.svc.cluster.local")
    assert moved != [address] and len(moved) == 1


def test_check_of_what_is_good(tmp_path):
    (tmp_path / "objects.yaml").write_text(manifest(
        objects.namespace("shop"),
        objects.service("shop", "web", clusterIP="10.96.0.2")))
    done = run("check", f"--manifests={tmp_path}")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert re.search(r"\d+ records", done.stdout)


def test_kinds_that_dns_does_not_need_are_no_mistake(tmp_path):
    (tmp_path / "more.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
        "---\n# nothing\n---\napiVersion: example.com/v1\nkind: Custom\n"
        "metadata: {name: b}\nspec: [1, 2]\n")
    (tmp_path / "README.md").write_text("not: [a manifest")
    done = run("check", f"--manifests={tmp_path}")
    assert done.returncode == 0, done.stderr


def test_version():
    for words in ["version"], ["--version"]:
        done = run(*words)
        assert done.returncode == 0 and done.stderr == ""
        assert re.fullmatch(r"canopydns \d+\.\d+\.\d+\S*\n", done.stdout)


def test_help():
    for words in ["--help"], ["-h"], ["help"], ["serve", "--help"]:
        done = run(*words)
        assert done.returncode == 0 and done.stderr == ""
        lines = done.stdout.splitlines()
        assert len(lines) < 80 and max(map(len, lines)) <= 80
    flags = set(re.findall(r"(?m)^  (--[a-z-]+)", done.stdout))
    assert {"--manifests", "--kubeconfig", "--dns-port", "--zone-port",
            "--healthz-port", "--domain", "--ttl", "--nameservers",
            "--config-dir", "--workers", "--log-queries"} <= flags
