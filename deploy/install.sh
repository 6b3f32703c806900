#!/usr/bin/env bash
# Installs the Debian packages that building and testing CanopyDNS needs.
# Only what is missing: a second run asks no network and takes no time.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: deploy/install.sh [build | test | ci | bench]

  build  (default) compiler, CMake and the libraries; enough for try.sh
  test   and what the tests ask with: Python, unbound, dnsperf, kubectl, ...
  ci     and what .ci/run adds: clang, valgrind, debootstrap, buildah, Go
  bench  build, and what tests/bench/run.sh loads and compares with

For Debian 12 (bookworm) and 13 (trixie), as root or with sudo.
CANOPYDNS_SKIP_INSTALL=1 leaves the machine as it is.
TEXT
}

readonly build_packages=(
  g++ cmake ninja-build pkg-config ccache
  libc-ares-dev libldns-dev libcpp-httplib-dev libboost-dev rapidjson-dev
  prometheus-cpp-dev doctest-dev libyaml-cpp-dev libssl-dev zlib1g-dev
  libspdlog-dev libcli11-dev libre2-dev
  ca-certificates bind9-dnsutils
)
readonly test_packages=(
  python3 python3-dnspython python3-pytest python3-pytest-xdist python3-yaml
  unbound musl-tools busybox dnsperf iproute2 iptables nftables libcap2-bin
  openssl curl procps util-linux
)
readonly ci_packages=(
  clang clang-format clang-tidy libclang-rt-dev llvm
  valgrind git shellcheck debootstrap buildah
)
readonly bench_packages=(
  python3 python3-dnspython dnsperf util-linux
  nsd unbound dnsdist dnsmasq-base
)

say() { echo "install.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

wanted_packages() {  # wanted_packages GROUP
  printf '%s\n' "${build_packages[@]}"
  [ "$1" = build ] && return
  if [ "$1" = bench ]; then
    printf '%s\n' "${bench_packages[@]}"
    command -v go >/dev/null || echo golang-go
    return
  fi
  printf '%s\n' "${test_packages[@]}"
  # A kubectl or Go from elsewhere is as good, and may conflict.
  command -v kubectl >/dev/null || echo kubernetes-client
  [ "$1" = test ] && return
  printf '%s\n' "${ci_packages[@]}"
  command -v go >/dev/null || echo golang-go
}

missing_packages() {  # reads names, prints those that are not installed
  if ! command -v dpkg-query >/dev/null; then
    cat
    return
  fi
  local names
  mapfile -t names
  {
    printf '%s\n' "${names[@]}"
    { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${names[@]}" \
        2>/dev/null || true; } | awk '$1 == "installed" { print $2, "here" }'
  } | awk '$2 == "here" { here[$1] = 1; next } { order[++n] = $1 }
           END { for (i = 1; i <= n; i++) if (!here[order[i]]) print order[i] }'
}

distribution() {
  local ID=unknown VERSION_ID=''
  # shellcheck disable=SC1091
  [ -r /etc/os-release ] && . /etc/os-release
  echo "$ID $VERSION_ID"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "not root and no sudo here; as root, run: deploy/install.sh $group"
  fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# Tests and bench start servers of their own; the packages would start them as
# services, now and at each boot.  policy-rc.d is Debian's way to say no.
install_packages() {  # install_packages NAMES...
  local policy=/usr/sbin/policy-rc.d status=0
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  apt -qq -y --no-install-recommends install "$@" || status=$?
  local service
  for service in unbound nsd dnsdist; do
    case " $* " in
      *" $service "*)
        if command -v systemctl >/dev/null; then
          as_root systemctl --quiet disable "$service.service" || true
        fi ;;
    esac
  done
  return "$status"
}

group=${1:-build}
case $group in
  build | test | ci | bench) ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
[ "${CANOPYDNS_SKIP_INSTALL:-}" = 1 ] && exit 0

mapfile -t missing < <(wanted_packages "$group" | missing_packages)
if [ "${#missing[@]}" = 0 ]; then
  say "everything for '$group' is here"
  exit 0
fi

case $(distribution) in
  'debian 12' | 'debian 13') ;;
  *) fail "knows Debian 12 and 13, this is '$(distribution)'. Install what" \
       "these Debian packages hold, then set CANOPYDNS_SKIP_INSTALL=1:" \
       "${missing[*]}" ;;
esac

say "installing ${#missing[@]} packages: ${missing[*]}"
apt -qq update ||
  say "apt-get update reported errors (above); going on with what it has"
install_packages "${missing[@]}" ||
  fail "apt-get could not install the packages (above); with the network and" \
    "/etc/apt/sources.list in order, run it again"
say "installed"
