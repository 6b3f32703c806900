#!/bin/sh
# As lookup.c, with busybox's nslookup.  It has no IPv4 only: what it says of the
# server itself stands before the blank line.
case $2 in 4) type=-type=a ;; 6) type=-type=aaaa ;; *) type= ;; esac
# shellcheck disable=SC2086  # no type is no word
busybox nslookup $type "$1" | sed '1,/^$/d' | awk '
  /^Address/ { print $NF; found = 1 } END { exit !found }'
