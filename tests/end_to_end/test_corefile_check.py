"""canopydns -conf FILE: faults of a CoreDNS Corefile, and kubeadm's own."""

import pytest

from canopy import run
from corefile import KUBEADM
from files import manifest
from kube_apiserver import objects

# What people add to it, and what the fault is.
MISTAKES = [
    ("rewirte name a b", "rewirte: unknown directive; did you mean rewrite?"),
    ("proxy . 192.0.2.1", 'proxy: was removed from CoreDNS too; write "forward '
                          '. 192.0.2.1"'),
    ("cache 30", "cache: is already at "),
    ("forward . https://192.0.2.1", "over UDP, TCP and TLS"),
    ("health { lameduck 5s }", "options start on the line after {"),
]


@pytest.fixture
def corefile(tmp_path):
    def write(text):
        path = tmp_path / "Corefile"
        path.write_text(text)
        return path
    return write


def with_line(line):
    return KUBEADM.replace("    loadbalance\n", f"    loadbalance\n    {line}\n")


def test_kubeadms_corefile_has_no_fault(corefile, tmp_path):
    file = tmp_path / "objects.yaml"
    file.write_text(manifest(objects.namespace("prod")))
    done = run("check", "-conf", str(corefile(KUBEADM)),
               f"--manifests={file}")
    assert done.returncode == 0, done.stderr
    assert "configuration is valid" in done.stdout


@pytest.mark.parametrize("line, fault", MISTAKES)
def test_a_mistake_names_its_line(corefile, line, fault):
    path = corefile(with_line(line))
    for command in [["-conf", str(path)], ["check", f"--conf={path}"]]:
        done = run(*command)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.startswith(f"canopydns: {path}:23: "), done.stderr
        assert fault in done.stderr, done.stderr


def test_check_lists_all_faults_and_serve_the_first(corefile):
    path = corefile(with_line("cach 30\n    lop\n    bind nosuch0"))
    done = run("-conf", str(path))
    assert done.returncode == 2
    assert done.stderr == (
        f"canopydns: {path}:23: cach: unknown directive; did you mean cache? "
        f"(and 2 more; `canopydns check -conf {path}` lists all)\n")
    done = run("check", "-conf", str(path))
    assert done.returncode == 2
    assert [line.split(": ")[1:3] for line in done.stderr.splitlines()] == [
        [f"{path}:23", "cach"], [f"{path}:24", "lop"], [f"{path}:25", "bind"]]


def test_a_missing_corefile(tmp_path):
    done = run("-conf", str(tmp_path / "Corefile"))
    assert done.returncode == 2
    assert done.stderr == (f"canopydns: {tmp_path}/Corefile: cannot be read: "
                           "No such file or directory\n")


def test_flags_that_a_corefile_replaces(corefile):
    done = run("-conf", str(corefile(KUBEADM)), "--ttl=5")
    assert done.returncode == 2
    assert done.stderr == ("canopydns: --ttl cannot be combined with -conf: use "
                           "the option ttl of the directive kubernetes\n")


def test_plugins_and_version(corefile):
    listed = run("-plugins")
    assert listed.returncode == 0 and "  kubernetes\n" in listed.stdout
    assert run("-version").stdout == run("version").stdout
