"""Service account tokens, from the API server and from its own key."""

import base64
import json
import time

from kube_apiserver.certificates import openssl

# The server accepts a token this long after its expiry.
_LEEWAY = 60


def requested_token(api, namespace, service_account, seconds):
    """By TokenRequest, as a kubelet does.  At least 600 seconds."""
    path = (f"/api/v1/namespaces/{namespace}/serviceaccounts/"
            f"{service_account}/token")
    answer = api("POST", path, {
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"expirationSeconds": seconds}})
    return answer["status"]["token"]


def signed_token(key, issuer, account, seconds):
    """A token refused `seconds` from now, which TokenRequest cannot give.
    The server remembers a token it accepted for 10 more seconds.  `account`
    is the ServiceAccount object, `key` the server's own."""
    now = int(time.time())
    name, namespace = (account["metadata"][k] for k in ("name", "namespace"))
    claims = {
        "iss": issuer, "aud": [issuer],
        "sub": f"system:serviceaccount:{namespace}:{name}",
        "iat": now - 2 * _LEEWAY, "nbf": now - 2 * _LEEWAY,
        "exp": now + seconds - _LEEWAY,
        "kubernetes.io": {
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]},
        }}
    signed = b".".join(_base64(json.dumps(part).encode())
                       for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    signature = openssl("dgst", "-sha256", "-sign", key, data=signed)
    return (signed + b"." + _base64(signature)).decode()


def _base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")
