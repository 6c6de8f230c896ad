#!/bin/sh
# usage: book-or-prebook.sh DAY TIME [CLASS]        for example: book-or-prebook.sh fri 18:30 wod
#
# Books a class now. If booking is not open yet, the class is full, or AimHarder is unreachable, stores a prebooking for
# `aimharder prebook run` (cron or a timer) instead.
#
# The exit code is 0 if the class is booked or stored, or if you are on its waiting list already. Otherwise it is that of
# `aimharder book`.
set -u

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    sed -n 's/^# usage/usage/p' "$0" >&2
    exit 2
fi
class=${3-}
set -- --day "$1" --time "$2"

status=0
result=$(aimharder book "$@" ${class:+--class "$class"} --prebook --json) || status=$?
case "$status $result" in
0*'"outcome":"prebooked"'*) echo "not open yet: stored for prebook run" ;;
0*'"outcome":"waitlisted"'*) echo "on the waiting list already: not booked" ;;
0*) echo "booked" ;;
4*'"outcome":"full"'*)
    echo "full: prebook run tries again until the class starts"
    aimharder prebook add "$@" ${class:+--class "$class"} --watch
    ;;
5*)
    echo "AimHarder is unreachable: prebook run tries again"
    aimharder prebook add "$@" ${class:+--class "$class"}
    ;;
*) exit "$status" ;; # the reason is on standard error
esac
