#!/bin/bash
# Builds the Kubernetes API server, etcd, the namespace controller and kubectl
# of this folder's Go module into one binary, DIR/kube_apiserver.
#
#   build.sh [DIR]
#
# DIR defaults to a folder that CI can keep:
# ${CANOPYDNS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/canopydns}/kube_apiserver
# A second run with the same sources only compares a stamp, and needs no Go.
# The path of the binary is the last line on stdout; progress goes to stderr.
set -euo pipefail

sources=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${CANOPYDNS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/canopydns}
mkdir -p "${1:-$cache/kube_apiserver}"
dir=$(cd "${1:-$cache/kube_apiserver}" && pwd)
binary=$dir/kube_apiserver
cd "$sources"

say() { echo "kube_apiserver: $*" >&2; }
fail() { say "$*"; exit 1; }

# The Go version a go.mod may ask for is newer than what a distribution has.
# Go fetches the right one by itself since 1.21; older ones cannot.
choose_toolchain() {
  local need have
  need=$(awk '$1 == "go" { print $2; exit }' go.mod)
  command -v go >/dev/null || fail "no 'go' on PATH: Go $need or newer" \
    "builds it (Go 1.21 or newer is enough with access to the module proxy)"
  have=$(cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null || true)
  have=${have#go}
  [ -n "$have" ] || fail "'go env GOVERSION' says nothing; is" \
    "$(command -v go) a working Go?"
  if at_least "$have" "$need"; then
    export GOTOOLCHAIN=local
  elif at_least "$have" 1.21; then
    say "Go $have is older than $need: Go fetches a newer one (GOTOOLCHAIN)"
    export GOTOOLCHAIN=auto
  else
    fail "$(command -v go) is Go $have, too old to fetch another: install Go" \
      "$need or newer (or any since 1.21) and put it first on PATH"
  fi
}

at_least() {  # at_least HAVE NEED
  [ "$(printf '%s\n' "$2" "${1%%[-+ ]*}" | sort -V | head -n 1)" = "$2" ]
}

inputs_hash() {
  { uname -sm; cat ./*.go go.mod go.sum build.sh; } | sha256sum | cut -d' ' -f1
}

kubernetes_version() {
  awk '$1 == "k8s.io/kubernetes" { print $2; exit }' go.mod
}

# 'go build -v' names each package: show a count, and anything else as it is.
progress() {
  awk -v total="$1" -v start="$(date +%s)" '
    /^[A-Za-z0-9][^ :]*$/ {
      if (++n % 100 == 0) {
        "date +%s" | getline now; close("date +%s")
        printf "kube_apiserver: %d of %d packages, %d s\n",
               n, total, now - start
        fflush()
      }
      next
    }
    { print; fflush() }' >&2
}

build() {
  choose_toolchain
  local version minor packages x=k8s.io/component-base/version
  version=$(kubernetes_version)
  minor=${version#v1.}
  export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off
  say "building Kubernetes $version with" \
    "$(go env GOVERSION) into $dir; the first time takes minutes"
  go mod download ||
    fail "the Go modules cannot be fetched; set GOPROXY to a proxy you reach"
  packages=$(go list -deps . | wc -l)
  go build -v -trimpath -buildvcs=false -o "$binary.new" -ldflags "-s -w
      -X $x.gitVersion=$version -X $x.gitMajor=1 -X $x.gitMinor=${minor%%.*}" \
    . 2> >(progress "$packages") || fail "the build failed, see above"
  mv "$binary.new" "$binary"
  echo "$hash" > "$dir/stamp"
  say "built in $SECONDS s, $(du -m "$binary" | cut -f1) MB"
}

exec 9> "$dir/lock"
flock 9  # two builds into one folder: the second finds the work done
hash=$(inputs_hash)
if [ -x "$binary" ] && [ "$(cat "$dir/stamp" 2>/dev/null)" = "$hash" ]; then
  say "up to date"
else
  build
fi
echo "$binary"
