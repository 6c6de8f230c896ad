#!/bin/sh
# usage: check-aimharder.sh [WARNING_MINUTES [CRITICAL_MINUTES]]        defaults: 45 and 120
#
# A monitoring check with the exit codes of Nagios and its like: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. Looks at the
# background sessions, which prebookings need: ended ones are critical, and so is a token that nobody updates any more.
# Reads the store only, no network. Needs jq, and must run as the user who owns the store.
set -u

answer() { # answer CODE WORDS
    echo "AIMHARDER $2"
    exit "$1"
}

warning=${1:-45}
critical=${2:-120}
told=$(aimharder sessions --json 2>/dev/null) ||
    answer 3 "UNKNOWN - $(printf '%s' "$told" | jq -r '.error.message // "no answer"' 2>/dev/null)"

# how many have ended, the greatest age in minutes (-1: there is none)
facts=$(printf '%s' "$told" | jq -r '
    [.sessions[] | select(.kind == "background" and .auto_refresh)] |
    "\([.[] | select(.status == "expired")] | length) \([.[].token_age_seconds] | max // -60 | . / 60 | floor)"') ||
    answer 3 "UNKNOWN - jq is needed"
ended=${facts% *}
age=${facts#* }
figures="age=${age}m;$warning;$critical"

[ "$age" -ge 0 ] || answer 2 "CRITICAL - no background session: aimharder login"
[ "$ended" -eq 0 ] || answer 2 "CRITICAL - $ended background session(s) ended: aimharder login | $figures"
[ "$age" -lt "$critical" ] || answer 2 "CRITICAL - no token update for $age minutes | $figures"
[ "$age" -lt "$warning" ] || answer 1 "WARNING - no token update for $age minutes | $figures"
answer 0 "OK - tokens are at most $age minutes old | $figures"
