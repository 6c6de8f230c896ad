#!/bin/sh
# usage: mail-notice.sh ADDRESS        not by hand: `refresh` and `prebook run` call it when the config says
#
#   [[notify]]
#   on = ["booked", "failed", "login_required"]
#   command = ["/path/to/examples/mail-notice.sh", "ana@example.org"]
#
# Mails a notice; `aimharder notify test` tries it. The event's facts come in AIMHARDER_EVENT, AIMHARDER_TEXT and others
# (and as one line of JSON on standard input). Needs a `sendmail` that works where it is called: under cron any does,
# in the sandbox of the systemd units one that speaks to a server by itself (msmtp), its config made visible as in
# systemd/examples/commands.conf. An exit code other than 0 becomes a warning of the run, never its failure.
set -eu

if [ $# -ne 1 ] || [ -z "${AIMHARDER_EVENT-}" ]; then
    sed -n 's/^# usage/usage/p' "$0" >&2
    exit 2
fi

# names of classes are anything, so they stay out of the header
sendmail -i -t <<END
To: $1
Subject: aimharder: $AIMHARDER_EVENT
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

$AIMHARDER_TEXT
END
