#!/usr/bin/env bash
# Installs what is needed, builds, and serves manifests on this machine: those
# of deploy/example, or your own.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: deploy/try.sh [PATH...] [-- FLAGS]

Installs the build packages (Debian 12 or 13; root or sudo), builds canopydns
in build/, and serves manifests in the foreground: DNS on 127.0.0.1 port 1053,
zone tier on port 10053, HTTP on port 8080.  Ctrl-C stops it.

  PATH...    files and folders of your own Kubernetes manifests; without them
             deploy/example is served.  A Service without clusterIP gets an
             address of 10.96.0.0/12, as an API server would give it one.
  -- FLAGS   more flags for canopydns; one of the same name replaces ours,
             and --kubeconfig or --kube-master-url replaces the manifests:
               deploy/try.sh -- --dns-port=2053 --log-queries
               deploy/try.sh -- --kubeconfig=$HOME/.kube/config

Environment: CANOPYDNS_BUILD_DIR      build there (default: build)
             CANOPYDNS_SKIP_INSTALL=1 install nothing
TEXT
}

say() { echo "try.sh: $*" >&2; }

paths=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --) shift; break ;;
    -*) say "'$1' is not known; flags for canopydns go behind --"
        usage >&2
        exit 2 ;;
    *) if [ ! -e "$1" ]; then
         say "$1: no such file or folder"
         exit 2
       fi
       paths+=("$(realpath "$1")"); shift ;;
  esac
done
given=("$@")

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tree=${CANOPYDNS_BUILD_DIR:-$top/build}

# --- what we pass, where the caller says nothing ------------------------
# The value of a flag given as --name=value or --name value.
given_value() {  # given_value NAME; false when it was not given
  local i
  for ((i = 0; i < ${#given[@]}; i++)); do
    case ${given[i]} in
      "--$1="*) echo "${given[i]#*=}"; return ;;
      "--$1") echo "${given[i + 1]:-}"; return ;;
    esac
  done
  return 1
}

flags=()
default_flag() {  # default_flag NAME VALUE
  given_value "$1" >/dev/null || flags+=("--$1=$2")
}

other_source() {
  local name
  for name in manifests kubeconfig kubecfg-file kube-master-url; do
    given_value "$name" >/dev/null && return
  done
  return 1
}

if [ "${#paths[@]}" -gt 0 ]; then
  for path in "${paths[@]}"; do flags+=("--manifests=$path"); done
  default_flag service-cidr 10.96.0.0/12
else
  other_source || flags+=("--manifests=$top/deploy/example")
fi
default_flag dns-bind-address 127.0.0.1
default_flag dns-port 1053
default_flag zone-port 10053
default_flag healthz-port 8080
default_flag quiet-period 0s  # no node sends anybody here: Ctrl-C stops at once
address=$(given_value dns-bind-address || echo 127.0.0.1)
port=$(given_value dns-port || echo 1053)
http_port=$(given_value healthz-port || echo 8080)

# --- install, build -----------------------------------------------------
"$top/deploy/install.sh" build
[ -f "$tree/build.ninja" ] || cmake -S "$top" -B "$tree" -G Ninja >&2
say "building (the first time takes some minutes)"
cmake --build "$tree" --target canopydns >&2

# --- serve --------------------------------------------------------------
# One GET over bash's own TCP: the build packages have no HTTP client.
is_ready() {
  local status=''
  exec 3<>"/dev/tcp/127.0.0.1/$http_port" || return 1
  printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  read -r -t 2 _ status _ <&3 || true
  exec 3>&-
  [ "$status" = 200 ]
}

# What the server holds: lines of "name type".
held_names() {
  exec 3<>"/dev/tcp/127.0.0.1/$http_port" || return 0
  printf 'GET /debug/zone HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
  sed -n 's/^.*{"name":"\([^"]*\)\.","type":"\([A-Z]*\)".*/\1 \2/p' <&3
  exec 3>&-
}

# Questions about names that are there, some of each type.
print_own_questions() {
  local ask="dig @${address%%,*} -p $port"
  printf '\nReady. In another terminal:\n\n'
  held_names | awk -v ask="$ask" '
    $1 ~ /arpa$/ { next }
    !($2 == "A" || $2 == "AAAA" || $2 == "SRV" || $2 == "CNAME") { next }
    !(($1, $2) in seen) && ++shown[$2] <= 4 {
      seen[$1, $2] = 1
      printf "  %s %s %s\n", ask, $1, $2
    }'
  cat <<TEXT
  curl http://127.0.0.1:$http_port/healthz
  $tree/canopydns check ${flags[*]}  # what is there, and what will not resolve

Change a file and ask again.  Ctrl-C stops.

TEXT
}

print_questions() {
  if [ "${#paths[@]}" -gt 0 ]; then
    print_own_questions
    return
  fi
  local ask="dig @${address%%,*} -p $port"
  cat <<TEXT

Ready. In another terminal:

  $ask kubernetes.default.svc.cluster.local
  $ask catalog.shop.svc.cluster.local AAAA         # dual stack
  $ask orders-db.data.svc.cluster.local            # headless
  $ask orders-db-1.orders-db.data.svc.cluster.local
  $ask _grpc._tcp.catalog.shop.svc.cluster.local SRV
  $ask shop.web.svc.cluster.local                  # ExternalName
  $ask 10-244-1-11.shop.pod.cluster.local          # pod record
  $ask -x 10.96.100.11                             # PTR
  $ask nosuch.shop.svc.cluster.local               # NXDOMAIN
  $ask www.example.com                             # forwarded
  curl http://127.0.0.1:$http_port/healthz

The names are in deploy/example: change a file and ask again.  Ctrl-C stops.

TEXT
}

"$tree/canopydns" ${flags[@]+"${flags[@]}"} ${given[@]+"${given[@]}"} &
pid=$!
trap 'kill -TERM "$pid" 2>/dev/null || true' INT TERM HUP

announced=no
if [ "$http_port" -gt 0 ] 2>/dev/null; then
  # Until it is ready or gone; the pause only spares the processor.
  while kill -0 "$pid" 2>/dev/null; do
    if is_ready 2>/dev/null; then
      # A second look at the process: another program's 200 is not ours.
      kill -0 "$pid" 2>/dev/null && print_questions && announced=yes
      break
    fi
    sleep 0.1
  done
fi

# A signal ends `wait` early: go on until the process is really gone.
while kill -0 "$pid" 2>/dev/null; do wait "$pid" || true; done
status=0
wait "$pid" || status=$?
if [ "$status" != 0 ] && [ "$announced" = no ]; then
  say "canopydns ended with status $status; its last line says why. If a port" \
    "is taken, choose others: deploy/try.sh -- --dns-port=2053" \
    "--zone-port=20053 --healthz-port=18080"
fi
exit "$status"
