#!/bin/sh
# usage: check-aimharder.sh [FLAGS OF aimharder status]        for example: check-aimharder.sh --account ana@example.org
#
# A monitoring check with the exit codes of Nagios and its like: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, and one line to
# show. Looks at logins, tokens, schedule and store; asks no server, unless called with --online. Must run as the user
# who owns the store.
set -u

code=0
told=$(aimharder status --check "$@" 2>&1) || code=$?
why=$(printf '%s\n' "$told" | sed -n '1s/^problem: //p; 1s/^error: //p; 1q')
case $code in
0) echo "AIMHARDER OK - it will work tonight" ;;
5) # no answer now; whatever runs next may have more luck
    echo "AIMHARDER WARNING - $why"
    exit 1
    ;;
1 | 3 | 6 | 7) # the machine, a login, the schedule, or several of these: somebody has to act
    echo "AIMHARDER CRITICAL - $why"
    exit 2
    ;;
*) # a wrong call or config, or no aimharder at all
    echo "AIMHARDER UNKNOWN - ${why:-status --check ended with $code}"
    exit 3
    ;;
esac
