#!/usr/bin/env bash
# Prints the Debian packages whose shared libraries PROGRAM is linked to.
# Their names differ between releases (libcpp-httplib0.11, libldns3t64, ...).
#
#   deploy/runtime-packages.sh PROGRAM
set -euo pipefail

libraries=$(ldd "$1")
if missing=$(grep 'not found' <<<"$libraries"); then
  echo "runtime-packages.sh: $1: $missing" >&2
  exit 1
fi

awk '$2 == "=>" { print $3 }' <<<"$libraries" | while read -r library; do
  # dpkg knows a file by the path it was packed with, before or after the
  # merge of /lib into /usr/lib.
  library=$(readlink -f "$library")
  { dpkg-query -S "$library" || dpkg-query -S "${library#/usr}"; } \
    2>/dev/null | cut -d: -f1
done | LC_ALL=C sort -u
