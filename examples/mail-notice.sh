#!/bin/sh
# usage: mail-notice.sh ADDRESS        called by `refresh` and `prebook run` if the config has
#
#   [[notify]]
#   on = ["booked", "failed", "login_required"]
#   command = ["/path/to/examples/mail-notice.sh", "ana@example.org"]
#
# Mails a notification; `aimharder notify test` tries it. The event is in AIMHARDER_EVENT, its text in AIMHARDER_TEXT, and
# the whole event is one line of JSON on standard input. Needs `sendmail`. In the systemd units, which restrict what a
# command can do, it must send through a server (msmtp), with its config made visible as in
# systemd/examples/commands.conf. If it fails, the run logs a warning and is otherwise unchanged.
set -eu

if [ $# -ne 1 ] || [ -z "${AIMHARDER_EVENT-}" ]; then
    sed -n 's/^# usage/usage/p' "$0" >&2
    exit 2
fi

# the text contains class names, which must not get into the headers
sendmail -i -t <<END
To: $1
Subject: aimharder: $AIMHARDER_EVENT
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

$AIMHARDER_TEXT
END
