#!/bin/sh
# usage: book-first.sh DAY 'TIME [CLASS]'...        for example: book-first.sh mon '18:30 wod' '19:30 wod' 20:30
#
# Books the first available of several classes.
#
# The exit code is 0 if one is booked, or if you are on the waiting list of one already; then no other is booked.
# Otherwise it is that of the last `aimharder book`; see `aimharder book --help`.
set -u

if [ $# -lt 2 ]; then
    sed -n 's/^# usage/usage/p' "$0" >&2
    exit 2
fi
day=$1
shift

for choice; do
    time=${choice%% *}
    class=${choice#"$time"}
    class=${class# }
    status=0
    aimharder book --day "$day" --time "$time" ${class:+--class "$class"} || status=$?
    case $status in
    4 | 6 | 9) ;;        # refused (full, ...), no such class, not open yet: try the next choice
    *) exit "$status" ;; # 0: booked. 8: outcome unknown, so that another try could book two classes
    esac
done
exit "$status"
