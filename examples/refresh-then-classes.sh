#!/bin/sh
# usage: refresh-then-classes.sh [ARGUMENTS OF aimharder classes]        for example: ... tomorrow --open
#
# Lists classes with a fresh session.
#
# The exit code is that of `aimharder classes`, or 3 if you have to log in.
set -u

status=0
aimharder refresh --session device --stale-after 1m || status=$?
case $status in
0) ;;
5 | 7) echo "refresh failed ($status): using the sessions as they are" >&2 ;;
3)
    echo "log in first: aimharder login" >&2
    exit 3
    ;;
*) exit "$status" ;;
esac
exec aimharder classes "$@"
