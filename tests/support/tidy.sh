#!/usr/bin/env bash
# clang-tidy over the sources of the five rooms, newest change first, within a
# time box.  A file that passed is not looked at again until it, a header or
# .clang-tidy changes.
#
#   tests/support/tidy.sh BUILD_TREE [SECONDS]      default: 900
#
# Status 1 on a finding.  What the time box left out is said, not failed.
set -euo pipefail

tree=$1
seconds=${2:-900}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cache=${CANOPYDNS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/canopydns}
stamps=$cache/tidy
rooms=(server cache kubewatch zones healthz)
mkdir -p "$stamps"

common=$({ clang-tidy --version; cat .clang-tidy
  find "${rooms[@]}" -name '*.h' | LC_ALL=C sort | xargs cat
} | sha256sum | cut -d' ' -f1)

stamp_of() {  # stamp_of FILE
  echo "$stamps/$({ echo "$common $1"; cat "$1"; } | sha256sum | cut -d' ' -f1)"
}

newest_first() {
  local file
  find "${rooms[@]}" -name '*.cc' | while read -r file; do
    echo "$(git log -1 --format=%ct -- "$file" 2>/dev/null || echo 0) $file"
  done | sort -k1,1nr -k2 | cut -d' ' -f2
}

todo=()
while read -r file; do
  [ -e "$(stamp_of "$file")" ] || todo+=("$file $(stamp_of "$file")")
done < <(newest_first)
total=$(newest_first | wc -l)
echo "clang-tidy: ${#todo[@]} of $total files to look at"
[ "${#todo[@]}" -gt 0 ] || exit 0

findings=$(mktemp -d)
trap 'rm -rf "$findings"' EXIT
# shellcheck disable=SC2016  # expanded by the inner shell
printf '%s\n' "${todo[@]}" | timeout "$seconds" xargs -P 2 -L 1 bash -c '
  log=$1/$(echo "$2" | tr / _)
  echo "  $2"
  clang-tidy --quiet -p "$0" "$2" >"$log" 2>&1
  status=$?
  if [ "$status" = 0 ]; then rm "$log"; touch "$3"; exit 0; fi
  # Ended by the time box: nothing found yet.
  if [ "$status" -gt 128 ]; then rm "$log"; exit 0; fi
  mv "$log" "$log.found"
' "$tree" "$findings" || true

left=0
for line in "${todo[@]}"; do
  file=${line%% *}
  [ -e "${line#* }" ] || [ -e "$findings/${file//\//_}.found" ] ||
    left=$((left + 1))
done
[ "$left" = 0 ] || echo "clang-tidy: time box of $seconds s: $left files not" \
  "looked at; the next run begins with them"
if compgen -G "$findings/*.found" >/dev/null; then
  cat "$findings"/*.found
  exit 1
fi
