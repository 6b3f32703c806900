#!/usr/bin/env bash
# Runs a command on Debian 13: in a root made by debootstrap, kept between
# runs, with this source tree at /src (read only) and /build to build in.
#
#   tests/support/debian13.sh [COMMAND...]      default: tests/run.sh
#
# Needs root, debootstrap, and the network the first time.  All mounts live in
# a mount namespace of this process: they go when it goes, however it ends.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${CANOPYDNS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/canopydns}
root=$cache/debian13

say() { echo "debian13: $*" >&2; }
fail() { say "$*"; exit 1; }

[ "$(id -u)" = 0 ] || fail "needs root: sudo $0"
command -v debootstrap >/dev/null || fail "no debootstrap: deploy/install.sh ci"

make_root() {
  say "making a Debian 13 root in $root"
  mkdir -p "$cache"
  local unfinished
  unfinished=$(mktemp -d "$cache/debian13.XXXXXX")
  # Expanded now: the variable is gone when the trap runs.
  # shellcheck disable=SC2064
  trap "rm -rf --one-file-system '$unfinished'" EXIT
  debootstrap --variant=minbase trixie "$unfinished" >&2
  chmod 755 "$unfinished"
  mv -T "$unfinished" "$root"
  trap - EXIT
}

[ -x "$root/usr/bin/apt-get" ] || make_root
# What another clone built would be taken for this one's where it is newer than
# these files.  Compiled objects are found again by ccache.
rm -rf "$root/build/tree"
mkdir -p "$root/src" "$root/build"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
[ $# -gt 0 ] || set -- tests/run.sh

# shellcheck disable=SC2016  # expanded by the inner shell
exec unshare --mount --propagation private bash -euc '
  root=$1 source_dir=$2
  shift 2
  mount --bind "$root" "$root"
  mount --bind "$source_dir" "$root/src"
  mount -o remount,bind,ro "$root/src"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --rbind /sys "$root/sys"
  mount -t tmpfs tmpfs "$root/tmp"
  mount -t tmpfs tmpfs "$root/run"
  mkdir -p "$root/run/lock"
  # pivot_root, for in a chroot nobody may make a namespace, as tests do.
  cd "$root"
  pivot_root . mnt
  cd /
  umount --lazy /mnt
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 CI="${CI:-}" \
    CCACHE_DIR=/build/ccache CANOPYDNS_BUILD_DIR=/build/tree \
    bash -euc "cd /src; exec \"\$@\"" bash "$@"
' bash "$root" "$source_dir" "$@"
