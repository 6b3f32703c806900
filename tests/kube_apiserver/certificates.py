"""A certificate authority for one test, by the openssl command."""

import pathlib
import subprocess

_CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
"""


def openssl(*args, data=None):
    done = subprocess.run(["openssl", *map(str, args)], input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {args[0]}: {done.stderr.decode().strip()}")
    return done.stdout


class Authority:
    """Keeps its key and certificate, and all it issues, in `folder`."""

    def __init__(self, folder, name="test-ca"):
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._config = self._folder / "openssl.cnf"
        self._config.write_text(_CONFIG)
        self.certificate = self._folder / f"{name}.crt"
        self._key = self._folder / f"{name}.key"
        self._issue(self.certificate, self._key, f"/CN={name}", [
            "basicConstraints=critical,CA:TRUE",
            "keyUsage=critical,keyCertSign,cRLSign,digitalSignature",
            "subjectKeyIdentifier=hash"])

    def server(self, name, hosts):
        """(certificate, key) for `hosts`: "IP:127.0.0.1", "DNS:localhost"."""
        return self._leaf(name, f"/CN={name}", "serverAuth",
                          ["subjectAltName=" + ",".join(hosts)])

    def client(self, user, groups=(), days=2):
        """(certificate, key) that Kubernetes reads as `user` in `groups`."""
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
        name = "client-" + user.replace(":", "-").replace("/", "-")
        return self._leaf(name, subject, "clientAuth", [], days)

    def _leaf(self, name, subject, usage, extensions, days=2):
        certificate = self._folder / f"{name}.crt"
        key = self._folder / f"{name}.key"
        self._issue(certificate, key, subject, [
            "basicConstraints=critical,CA:FALSE",
            "keyUsage=critical,digitalSignature",
            f"extendedKeyUsage={usage}", "subjectKeyIdentifier=hash",
            "authorityKeyIdentifier=keyid", *extensions,
        ], ["-CA", self.certificate, "-CAkey", self._key], days)
        return certificate, key

    def _issue(self, certificate, key, subject, extensions, signer=(), days=2):
        added = [word for e in extensions for word in ("-addext", e)]
        openssl("req", "-x509", "-config", self._config, "-nodes",
                "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-days", days, "-subj", subject, *added, *signer,
                "-keyout", key, "-out", certificate)
