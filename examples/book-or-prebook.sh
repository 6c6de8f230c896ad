#!/bin/sh
# usage: book-or-prebook.sh DAY TIME [CLASS]        for example: book-or-prebook.sh fri 18:30 wod
#
# Books a class now; what cannot be had yet is left to `aimharder prebook run` (cron or a timer): a class that is not
# open yet, one that is full now, and one that could not be asked for because the platform was out of reach.
#
# Ends with 0 when it is booked, stored, or you are on its waiting list already; otherwise with the code of `aimharder book`.
set -u

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    sed -n 's/^# usage/usage/p' "$0" >&2
    exit 2
fi
class=${3-}
set -- --day "$1" --time "$2"

status=0
told=$(aimharder book "$@" ${class:+--class "$class"} --prebook --json) || status=$?
case "$status $told" in
0*'"outcome":"prebooked"'*) echo "not open yet: left to prebook run" ;;
0*'"outcome":"waitlisted"'*) echo "on its waiting list already: not booked" ;;
0*) echo "booked" ;;
4*'"outcome":"full"'*)
    echo "full: prebook run will look again until the class starts"
    aimharder prebook add "$@" ${class:+--class "$class"} --watch
    ;;
5*)
    echo "no answer: prebook run will try again"
    aimharder prebook add "$@" ${class:+--class "$class"}
    ;;
*) exit "$status" ;; # the reason stands on standard error already
esac
