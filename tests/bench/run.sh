#!/usr/bin/env bash
# CPU per query of canopydns and its peers, side by side, and what a second
# worker adds: installs, builds, measures, prints tables.  Judges nothing.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/bench/run.sh [--quick]

Installs the packages of 'deploy/install.sh bench' (Debian 12 or 13; root or
sudo) and CoreDNS 1.12.2 by 'go install', builds canopydns in build-bench/, and
loads each server in turn, on loopback only.  A peer that cannot be had is
named; the rest go on.  The plot is build-bench/query_cost.svg.

  --quick   one run of a second each, instead of three of two

Environment: CANOPYDNS_BUILD_DIR      build there (default: build-bench)
             CANOPYDNS_SKIP_INSTALL=1 install nothing
             CANOPYDNS_CACHE          CoreDNS is kept there
TEXT
}

runs=3 seconds=2
case ${1:-} in
  '') ;;
  --quick) runs=1 seconds=1 ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tree=${CANOPYDNS_BUILD_DIR:-$top/build-bench}
cache=${CANOPYDNS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/canopydns}
coredns=$cache/bench/coredns
say() { echo "run.sh: $*" >&2; }

install_coredns() {
  [ -x "$coredns" ] && return
  local go
  go=$("$top/tests/support/go.sh") || return
  say "building CoreDNS; the first time takes minutes"
  (cd / && PATH=$go:$PATH CGO_ENABLED=0 GOBIN=$cache/bench timeout 1800 \
    go install github.com/coredns/coredns@v1.12.2) >&2
}

"$top/deploy/install.sh" bench || say "going on with the packages that are here"
[ -f "$tree/build.ninja" ] || cmake -S "$top" -B "$tree" -G Ninja >&2
cmake --build "$tree" --target canopydns worker_scaling >&2
peer=()
if install_coredns; then
  peer=(--coredns "$coredns")
else
  say "no CoreDNS: go install failed (above)"
fi
timeout 1800 /usr/bin/python3 -B "$top/tests/bench/query_cost.py" \
  --binary "$tree/canopydns" ${peer[@]+"${peer[@]}"} --runs "$runs" \
  --seconds "$seconds" --plot "$tree/query_cost.svg"
echo
timeout 600 "$tree/worker_scaling" $((3 * runs))
