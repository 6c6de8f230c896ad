#!/bin/sh
# usage: book-first.sh DAY 'TIME [CLASS]'...        for example: book-first.sh mon '18:30 wod' '19:30 wod' 20:30
#
# Books the first of several classes that is to be had.
#
# Ends with 0 when one is booked (or you wait for it already: then nothing more is booked, and it says so), else with the code of the last try (`aimharder book --help` has them).
set -u

if [ $# -lt 2 ]; then
    sed -n 's/^# usage/usage/p' "$0" >&2
    exit 2
fi
day=$1
shift

for wish; do
    time=${wish%% *}
    class=${wish#"$time"}
    class=${class# }
    status=0
    aimharder book --day "$day" --time "$time" ${class:+--class "$class"} || status=$?
    case $status in
    4 | 6 | 9) ;;         # refused (full, ...), no such class, not open yet: the next one, please
    *) exit "$status" ;;  # 0 is booked (or queued). After 8 (outcome unknown) a second try might book two classes
    esac
done
exit "$status"
