#!/usr/bin/env bash
# Prints the folder to put first on PATH for a Go that can build the module
# DIR (default: tests/kube_apiserver).  Since 1.21 Go fetches the version that
# a go.mod asks for by itself; Debian 12's 1.19 cannot, but it can fetch that
# same toolchain as the module it is published as, checksum and all.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${CANOPYDNS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/canopydns}
module=${1:-$top/tests/kube_apiserver}

say() { echo "go.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

go=$(command -v go) || fail "no go on PATH: deploy/install.sh ci"
have=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
oldest=$(printf '%s\n' go1.21 "${have%%[- ]*}" | sort -V | head -n 1)
if [ "$oldest" = go1.21 ]; then
  dirname "$go"
  exit 0
fi

need=$(awk '$1 == "go" { print $2; exit }' "$module/go.mod")
system=$(go env GOOS)-$(go env GOARCH)
toolchain=$cache/go/$need
if [ ! -x "$toolchain/bin/go" ]; then
  say "$have is too old to fetch a newer Go: fetching Go $need ($system)"
  mkdir -p "$cache/go"
  version=golang.org/toolchain@v0.0.1-go$need.$system
  (cd "$cache/go" && GO111MODULE=on GOMODCACHE=$cache/go/modules \
    GOFLAGS=-modcacherw go mod download -json "$version") >&2 ||
    fail "could not fetch $version; install Go 1.21 or newer by hand"
  unpacked=$cache/go/modules/$version
  # A module's files are never executable; a toolchain's programs must be.
  chmod -R a+x "$unpacked/bin" "$unpacked/pkg/tool"
  mv -T "$unpacked" "$toolchain"
fi
echo "$toolchain/bin"
