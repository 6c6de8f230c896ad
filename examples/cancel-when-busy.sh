#!/bin/sh
# usage: cancel-when-busy.sh FILE.ics
#
# Cancels what is booked on days on which a calendar file has an all-day event: holidays, journeys. Events that repeat
# by a rule are not unfolded. A cancellation that would cost a credit is not made (there is no --late below).
#
# Ends with 0 when nothing booked collides any more, 4 when something had to stay, else with the code of the command
# that failed. Needs jq.
set -u

if [ $# -ne 1 ] || [ ! -r "$1" ]; then
    sed -n 's/^# usage/usage/p' "$0" >&2
    exit 2
fi

# Exit code 0 when the day (20261123) lies in an all-day event; its end is the day after the last one.
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

told=$(aimharder bookings --json) || exit
rows=$(printf '%s' "$told" | jq -r '.bookings[] | "\(.day)/\(.box)/\(.reservation_id // "")"') || {
    echo "cannot read the bookings: jq is needed; nothing was cancelled" >&2
    exit 1
}
result=0
for row in $rows; do
    day=${row%%/*}
    reservation=${row##*/}
    box=${row#*/}
    box=${box%/*}
    busy "$1" "$(printf '%s' "$day" | tr -d -)" || continue
    if [ -z "$reservation" ]; then
        echo "$day: AimHarder tells no reservation number for what is booked in $box: it stays" >&2
        result=4
        continue
    fi
    status=0
    aimharder cancel --box "$box" --reservation "$reservation" || status=$?
    case $status in
    0 | 6) ;;            # cancelled; or gone meanwhile
    4) result=4 ;;       # too late to be free: stays, and the others have their turn
    *) exit "$status" ;; # no session, no answer: the others would fare no better
    esac
done
exit "$result"
