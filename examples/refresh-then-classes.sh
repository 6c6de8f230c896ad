#!/bin/sh
# usage: refresh-then-classes.sh [ARGUMENTS OF aimharder classes]        for example: ... --day tomorrow --open
#
# Shows classes with a login that is fresh, or says at once that there is none.
#
# Ends with the code of `aimharder classes`, or 3 when somebody has to log in.
set -u

status=0
aimharder refresh --session device --stale-after 1m || status=$?
case $status in
0) ;;
5 | 7) echo "refresh: not all went well ($status), trying with the login at hand" >&2 ;;
3)
    echo "log in first: aimharder login" >&2
    exit 3
    ;;
*) exit "$status" ;;
esac
exec aimharder classes "$@"
