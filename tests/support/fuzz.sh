#!/usr/bin/env bash
# Runs every fuzzer of a build tree for a while.  Inputs that reach new code
# are kept in the cache, so the next run goes on where this one ended.
#
#   tests/support/fuzz.sh BUILD_TREE [SECONDS]      default: 60
#
# The last line is 'N passed, N failed'.  An input that breaks one is kept
# beside the corpus and named.
set -uo pipefail

tree=$1
seconds=${2:-60}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${CANOPYDNS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/canopydns}
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

good=0
bad=0
while read -r fuzzer; do
  name=$(basename "$fuzzer")
  corpus=$cache/fuzz/$name
  mkdir -p "$corpus" "$corpus.broken"
  folders=("$corpus")
  [ -d "$top/tests/fuzz/corpus/$name" ] &&
    folders+=("$top/tests/fuzz/corpus/$name")
  echo "fuzzing with $name for $seconds s"
  if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="$corpus.broken/" \
    "${folders[@]}" </dev/null 2>&1 | tail -n 60; then
    good=$((good + 1))
  else
    bad=$((bad + 1))
    echo "$name broke; the input is in $corpus.broken"
  fi
done < <(find "$tree" -maxdepth 2 -type f -name '*_fuzz' -perm -u+x | sort)

[ $((good + bad)) -gt 0 ] || echo "fuzz.sh: no *_fuzz program in $tree"
echo "$good passed, $bad failed"
[ "$bad" = 0 ] && [ "$good" -gt 0 ]
