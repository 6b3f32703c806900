# shellcheck shell=bash
# Steps with a name and a time, and the count at the end.  Sourced by
# tests/run.sh and .ci/run; both end in finish_steps.

passed=0
failed=0
failures=()
skips=()

heading() {  # heading NAME
  echo
  echo "==> $*"
  SECONDS=0
}

count() {  # count NAME PASSED FAILED
  passed=$((passed + $2))
  failed=$((failed + $3))
  [ "$3" = 0 ] || failures+=("$1: $3")
  echo "--- $1: $2 passed, $3 failed (${SECONDS} s)"
}

skip() {  # skip NAME REASON
  skips+=("$1: $2")
  echo "--- $1: skipped, $2"
}

# A step that is one check: its output is shown, its status counted.
check() {  # check NAME COMMAND...
  local name=$1
  shift
  heading "$name"
  if "$@" </dev/null; then count "$name" 1 0; else count "$name" 0 1; fi
}

finish_steps() {
  local line
  echo
  for line in ${skips[@]+"${skips[@]}"}; do echo "skipped: $line"; done
  for line in ${failures[@]+"${failures[@]}"}; do echo "failed: $line"; done
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# --- the three kinds of tests -------------------------------------------
# Every doctest case of one build tree.  A program that ends without its
# summary (a crash, a time-out) is one failure.
run_doctests() {  # run_doctests NAME TREE
  local name=$1 tree=$2 log numbers status=0
  heading "$name"
  log=$tree/Testing/Temporary/LastTest.log
  rm -f "$log"
  ctest --test-dir "$tree" --output-on-failure --timeout 600 </dev/null ||
    status=$?
  numbers=$(awk '
    /^[0-9]+\/[0-9]+ Testing: / { cases = 0; lost = 0 }
    /^\[doctest\] test cases:/ {
      gsub(/\|/, " ")
      cases = 1; good += $5; lost += $7; bad += $7
    }
    /^Test Passed\./ { if (!cases) good++ }
    /^Test (Failed|time-out)/ { if (!lost) bad++ }
    END { print good + 0, bad + 0 }' "$log" 2>/dev/null || echo 0 0)
  # shellcheck disable=SC2086  # two numbers
  set -- $numbers
  # ctest knows failures that leave no trace in the log (nothing built).
  if [ "$status" != 0 ] && [ "$2" = 0 ]; then set -- "$1" 1; fi
  if [ "$status" = 0 ] && [ "$1" = 0 ]; then set -- 0 1; fi
  count "$name" "$1" "$2"
}

# Debian's Python, which has Debian's dnspython and pytest; another Python
# first on PATH does not.
python() { /usr/bin/python3 -B "$@"; }

run_pytest() {  # run_pytest NAME ARGUMENTS...
  local name=$1 report line status=0
  shift
  heading "$name"
  report=$(mktemp)
  python -m pytest -q -rfEs -p no:cacheprovider --junitxml="$report" "$@" \
    </dev/null || status=$?
  mapfile -t numbers < <(python - "$report" <<'PYTHON'
import sys, xml.etree.ElementTree as tree
good = bad = 0
skips = {}
try:
    cases = list(tree.parse(sys.argv[1]).iter("testcase"))
except (OSError, tree.ParseError):
    cases = []
for case in cases:
    if case.find("failure") is not None or case.find("error") is not None:
        bad += 1
    elif (skip := case.find("skipped")) is not None:
        reason = " ".join((skip.get("message") or "no reason").split())
        skips[reason] = skips.get(reason, 0) + 1
    else:
        good += 1
print(good, bad)
for reason, times in skips.items():
    print(f"{times} x {reason}")
PYTHON
  )
  rm -f "$report"
  for line in "${numbers[@]:1}"; do skip "$name" "$line"; done
  # shellcheck disable=SC2086  # two numbers
  set -- ${numbers[0]:-0 0}
  # 0 is all well; any other end without a failed test is one failure.
  if [ "$status" != 0 ] && [ "$2" = 0 ]; then set -- "$1" 1; fi
  count "$name" "$1" "$2"
}

# A runner whose last line is 'N passed, N failed, N skipped'.
run_counting() {  # run_counting NAME COMMAND...
  local name=$1 log status=0 line
  shift
  heading "$name"
  log=$(mktemp)
  "$@" </dev/null 2>&1 | tee "$log" || status=$?
  line=$(grep -Eo '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?' "$log" |
    tail -n 1 || true)
  rm -f "$log"
  case $line in
    *', 0 skipped' | *failed | '') ;;
    *) skip "$name" "${line##*, } (the runner says why, above)" ;;
  esac
  # shellcheck disable=SC2086  # its words
  set -- ${line:-0 passed, 0 failed}
  if [ "$status" != 0 ] && [ "$3" = 0 ]; then set -- "$1" passed, 1; fi
  if [ -z "$line" ] && [ "$status" = 0 ]; then set -- 0 passed, 1; fi
  count "$name" "$1" "$3"
}
