#!/bin/sh
# usage: check-aimharder.sh [FLAGS OF aimharder status]        for example: check-aimharder.sh --account ana@example.org
#
# A check for Nagios and similar monitoring: prints one line and ends with 0 OK, 1 WARNING, 2 CRITICAL or 3 UNKNOWN. It
# checks sessions, tokens, prebookings, schedule and store, and sends a request only with --online. It must run as the
# user who owns the store.
set -u

code=0
result=$(aimharder status --check "$@" 2>&1) || code=$?
why=$(printf '%s\n' "$result" | sed -n '1s/^problem: //p; 1s/^error: //p; 1q')
case $code in
0) echo "AIMHARDER OK - no problem" ;;
5) # AimHarder is unreachable: a later run may succeed
    echo "AIMHARDER WARNING - $why"
    exit 1
    ;;
1 | [346789]) # the store, a login, the schedule, a prebooking, or several of these: the user has to act
    echo "AIMHARDER CRITICAL - $why"
    exit 2
    ;;
*) # wrong usage or config, or no aimharder
    echo "AIMHARDER UNKNOWN - ${why:-status --check ended with $code}"
    exit 3
    ;;
esac
