#!/bin/sh
# usage: cancel-when-busy.sh FILE.ics
#
# Cancels bookings on days that have an all-day event in a calendar file, such as a holiday. Of events that repeat, only
# the first occurrence counts. A cancellation that would cost a credit is not made. Needs jq.
#
# The exit code is 0 if no booking is left on such a day, 4 if one could not be cancelled, otherwise that of the command
# that failed.
set -u

if [ $# -ne 1 ] || [ ! -r "$1" ]; then
    sed -n 's/^# usage/usage/p' "$0" >&2
    exit 2
fi

# Succeeds if an all-day event covers the day (20261123). The end of an event is the day after its last.
busy() {
    tr -d '\r' <"$1" | awk -v day="$2" '
        /^BEGIN:VEVENT/ { start = end = "" }
        /^DTSTART;VALUE=DATE:/ { start = substr($0, 20) }
        /^DTEND;VALUE=DATE:/ { end = substr($0, 18) }
        /^END:VEVENT/ && start != "" {
            if (day == start || (start < day && day < end)) found = 1
        }
        END { exit !found }'
}

result=$(aimharder bookings --json) || exit
rows=$(printf '%s' "$result" | jq -r '.bookings[] | "\(.day)/\(.box)/\(.reservation_id // "")"') || {
    echo "cannot read the bookings: jq is needed; nothing was cancelled" >&2
    exit 1
}
code=0
for row in $rows; do
    day=${row%%/*}
    reservation=${row##*/}
    box=${row#*/}
    box=${box%/*}
    busy "$1" "$(printf '%s' "$day" | tr -d -)" || continue
    if [ -z "$reservation" ]; then
        echo "$day: the booking in $box has no reservation id: not cancelled" >&2
        code=4
        continue
    fi
    status=0
    aimharder cancel --box "$box" --reservation "$reservation" || status=$?
    case $status in
    0 | 6) ;;            # cancelled, or no longer booked
    4) code=4 ;;         # would cost a credit: not cancelled
    *) exit "$status" ;; # no session, or AimHarder is unreachable: the others would fail too
    esac
done
exit "$code"
