#!/usr/bin/env bash
# Every test: the unit tests, the conformance cases through the real binary,
# and the end to end tests.  Installs and builds what they need first.
set -uo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/run.sh

Installs the build and test packages (Debian 12 or 13; root or sudo), builds
in build/ and runs all tests.  The last line is 'N passed, N failed'; the
status is 0 when all passed.  .ci/run does this and the slow ones: sanitizers,
fuzzers, a real Kubernetes API server.

Environment: CANOPYDNS_BUILD_DIR      build there (default: build)
             CANOPYDNS_SKIP_INSTALL=1 install nothing
TEXT
}

case ${1:-} in
  '') ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tree=${CANOPYDNS_BUILD_DIR:-$top/build}
cd "$top" || exit 1
# shellcheck source=tests/support/steps.sh
. tests/support/steps.sh

build() {
  deploy/install.sh test || return
  [ -f "$tree/build.ninja" ] || cmake -S "$top" -B "$tree" -G Ninja || return
  cmake --build "$tree"
}

check build build
if [ "$failed" != 0 ]; then
  finish_steps
  exit 1
fi

run_doctests 'unit tests' "$tree"

run_counting 'conformance over UDP' \
  python tests/spec/conformance.py --binary "$tree/canopydns"
run_counting 'conformance over TCP' \
  python tests/spec/conformance.py --binary "$tree/canopydns" --tcp

export CANOPYDNS_BINARY=$tree/canopydns
# Most tests wait most of their time, so three run at a time; then, one at a
# time, those that measure.
run_pytest 'end to end tests' -n 3 \
  -m 'not apiserver and not measured' tests/end_to_end
run_pytest 'end to end tests that measure' \
  -m 'measured and not apiserver' tests/end_to_end
skip 'a real API server' '.ci/run builds one and asks it'

finish_steps
