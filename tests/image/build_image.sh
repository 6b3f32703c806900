#!/usr/bin/env bash
# Builds the Dockerfile without Docker, and runs the result as the Deployment
# does: buildah with chroot isolation, on a Debian base made by debootstrap.
#
#   tests/image/build_image.sh [SUITE]      trixie (default) or bookworm
#
# Needs root, buildah and debootstrap (deploy/install.sh ci).  Image storage
# and the base are kept in the cache folder; the image is canopydns:SUITE.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
suite=${1:-trixie}
cache=${CANOPYDNS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/canopydns}
store=$cache/images
base=localhost/debian:$suite-slim
image=localhost/canopydns:$suite

say() { echo "build_image.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

[ "$(id -u)" = 0 ] || fail "needs root: sudo $0"
for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || fail "no $tool: deploy/install.sh ci"
done
mkdir -p "$store/tmp"

in_store() {  # TMPDIR: there buildah keeps the Dockerfile's cache mounts
  TMPDIR=$store/tmp buildah --root "$store/storage" --runroot "$store/run" \
    --storage-driver "${STORAGE_DRIVER:-overlay}" "$@"
}

# The counterpart of Debian's own slim images: minbase, without documentation.
make_base() {
  say "making the base image $base"
  local root container
  root=$(mktemp -d "$cache/base.XXXXXX")
  # shellcheck disable=SC2064  # the variable is gone when the trap runs
  trap "rm -rf --one-file-system '$root'" EXIT
  debootstrap --variant=minbase "$suite" "$root" >&2
  chmod 755 "$root"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* \
    "$root"/usr/share/{doc,man,info,locale}/*
  container=$(in_store from scratch)
  in_store add -q "$container" "$root" / >/dev/null
  in_store commit -q --rm "$container" "$base" >/dev/null
  rm -rf --one-file-system "$root"
  trap - EXIT
}

in_store inspect --type image "$base" >/dev/null 2>&1 || make_base
say "building $image"
in_store bud --isolation chroot --pull-never --layers \
  --build-arg BASE="$base" -f "$top/Dockerfile" -t "$image" "$top"

user=$(in_store inspect --type image --format '{{.OCIv1.Config.User}}' "$image")
[ "$user" = 65532:65532 ] || fail "$image runs as '$user', not 65532:65532"

container=$(in_store from --pull-never "$image")
trap 'in_store rm "$container" >/dev/null' EXIT
root=$(in_store mount "$container")
"$top/tests/image/serve_image.sh" "$root"
say "$image: $(du -sm --one-file-system "$root" | cut -f1) MB, built and served"
