#!/usr/bin/env bash
# Runs the canopydns of an unpacked image under the security context of
# deploy/deployment.yaml, in a network of its own, and asks it on port 53:
# user 65532, no capability, no new privileges, read-only root, and the sysctl
# that opens low ports.  Then once more without the sysctl, which must fail.
#
#   tests/image/serve_image.sh ROOT
set -euo pipefail

say() { echo "serve_image.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

if [ "${inside:-}" != yes ]; then
  inside=yes exec unshare --net --mount --propagation private "$0" "$1"
fi

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
root=$1
ip link set lo up
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/mnt"
mkdir "$root/mnt/example"
mount --bind "$top/deploy/example" "$root/mnt/example"

serve() {  # in a subshell, which becomes canopydns
  exec chroot "$root" setpriv --reuid 65532 --regid 65532 --clear-groups \
    --bounding-set=-all --inh-caps=-all --ambient-caps=-all --no-new-privs \
    /usr/bin/canopydns --manifests=/mnt/example --nameservers=127.0.0.1:5353
}

sysctl -q -w net.ipv4.ip_unprivileged_port_start=1024
if (serve); then fail "served port 53 without the sysctl?"; fi

sysctl -q -w net.ipv4.ip_unprivileged_port_start=0
serve &
pid=$!
trap 'kill "$pid" 2>/dev/null || true' EXIT
until curl -fsS --max-time 2 http://127.0.0.1:8080/readyz >/dev/null 2>&1; do
  kill -0 "$pid" 2>/dev/null || fail "canopydns ended before it was ready"
  sleep 0.1
done

for line in 'Uid:.65532' 'CapEff:.0*$' 'CapBnd:.0*$' 'NoNewPrivs:.1'; do
  grep -q "^$line" "/proc/$pid/status" || fail "not so of the process: $line"
done
for server in 127.0.0.1 ::1; do
  answer=$(dig +short @"$server" cart.shop.svc.cluster.local A)
  [ "$answer" = 10.96.100.11 ] || fail "@$server answered '$answer'"
done
kill -TERM "$pid"
wait "$pid" || fail "SIGTERM: status $?"
trap - EXIT
say "answered on port 53 over IPv4 and IPv6, and stopped on SIGTERM"
