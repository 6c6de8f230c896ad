#!/bin/sh
# The whole story of aimharder, told by the real program against a stand-in for the platform on
# this machine: no account needed, nothing leaves the loopback device, your own files are not
# touched. Each command is shown before what it prints. Ends with 0 only when every step did what
# it says.
#
#   examples/demo.sh
set -eu

cd "$(dirname "$0")/.."
cargo build --bins --example sandbox
programs=${CARGO_TARGET_DIR:-target}/debug

# --- a folder of its own, and nothing left behind ------------------------------------------------

here=
sandbox=

clean_up() {
    status=$?
    trap - EXIT
    if [ -n "$sandbox" ]; then
        kill "$sandbox" 2>/dev/null || true
        wait "$sandbox" 2>/dev/null || true
    fi
    rm -rf "$here"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
here=$(mktemp -d)
out=$here/out

# --- how the story is told -----------------------------------------------------------------------

# The program, in an empty home: nothing of your own settings reaches it.
aimharder() {
    env -i PATH="$PATH" HOME="$here/home" "$programs/aimharder" "$@"
}

# On a terminal what is told and what is typed stand out from what is printed.
told='' typed='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
    told=$(printf '\033[36m') typed=$(printf '\033[1m') plain=$(printf '\033[0m')
fi

say() {
    printf '\n'
    printf '%s\n' "$*" | fold -s -w 77 | sed -e "s/^/$told# /" -e "s/ *\$/$plain/"
}

fail() {
    printf '\ndemo.sh: %s\n' "$*" >&2
    exit 1
}

# step COMMAND [EXIT_CODE]: show a command, run it, show what it prints, insist on its exit code.
step() {
    printf '\n%s$ %s%s\n' "$typed" "$1" "$plain"
    status=0
    eval "$1" >"$out" 2>&1 || status=$?
    cat "$out"
    [ "$status" -eq 0 ] || printf '(exit code %s)\n' "$status"
    [ "$status" -eq "${2:-0}" ] || fail "exit code $status instead of ${2:-0}"
}

# said WORDS: insist that the last step printed this.
said() {
    grep -q -e "$1" "$out" || fail "the last command did not print: $1"
}

# --- the stand-in --------------------------------------------------------------------------------

# It ends when its standard input is closed, and so with this script, however that ends. What it
# prints is first its address, then the config that leads there.
mkdir -p "$here/home/.config/aimharder"
mkfifo "$here/lifeline" "$here/hello"
"$programs/examples/sandbox" --exit-with-stdin --opens-in 6 <"$here/lifeline" >"$here/hello" &
sandbox=$!
exec 9>"$here/lifeline"
sed -e 1d -e '/by the rule/q' <"$here/hello" >"$here/home/.config/aimharder/config.toml"
rule=$(sed -n 's/.*by the rule //p' "$here/home/.config/aimharder/config.toml")

say "A stand-in for AimHarder listens on this machine. This config leads to it:"
step "cat $here/home/.config/aimharder/config.toml"
said '^connect_to = "127.0.0.1:'

# --- the story -----------------------------------------------------------------------------------

# A weekday that is not today, whatever the day and the time zone.
case $(date +%u) in
    1 | 2 | 3) day=fri ;;
    *) day=tue ;;
esac

say "Ana logs in. The password comes by a pipe, never as an argument."
step "printf 'correct-horse\n' | aimharder login ana@example.org --password-stdin"
said 'crossfitdemo (CrossFit Demo)'

say "That made two sessions: one for her on this machine, and one for what runs unattended."
step "aimharder sessions"
said '^ana@example.org *device .* active '
said '^ana@example.org *background .* active '

say "Her gym. The platform calls it a box."
step "aimharder boxes"
said '^crossfitdemo .* 10122 *Europe/Madrid'

say "What is on?"
step "aimharder classes --day $day"
said '18:30–19:30  WOD '
said 'Halterofilia .* full '

say "She books a class."
step "aimharder book --day $day --time 18:30 --class wod"
said '^booked: WOD, .* 18:30'
reservation=$(sed -n 's/.*reservation \([0-9]*\).*/\1/p' "$out")

say "Booking it again is no mistake: it is hers already, so no second request is made, and the exit code is 0. This time as a script would ask, for one JSON object:"
step "aimharder book --day $day --time 18:30 --class wod --json"
said '"outcome":"already_booked"'
said '"state":"booked"'
said "\"reservation_id\":\"$reservation\""

say "A full class is refused, and a refusal has an exit code of its own: 4."
step "aimharder book --day $day --time 20:30 --class gimnastics" 4
said 'not booked: Gimnàstics Avançat, .*: the class is full'

say "Tomorrow's class at 22:00 cannot be booked yet; its booking opens in a few seconds, by the rule $rule. Ana leaves it to a prebooking."
step "aimharder prebook add --day tomorrow --time 22:00 --opens $rule"
said '22:00'

say "That is what cron or a timer calls every 15 minutes: it waits for the opening by the server's clock, and books."
step "aimharder prebook run"
said '^booked: 22:00 WOD Nocturno'
step "aimharder prebook list --all"
said 'booked'
step "aimharder cancel --day tomorrow --time 22:00"
said '^cancelled: WOD Nocturno'

say "What is booked?"
step "aimharder bookings"
said "18:30  WOD .* booked  *reservation $reservation"

say "She changes her mind. 'Cancelled' is only said when the schedule shows it."
step "aimharder cancel --day $day --time 18:30 --class wod"
said '^cancelled: WOD'
step "aimharder bookings"
said '^nothing booked$'

say "She leaves this machine. The session for what runs unattended stays."
step "aimharder logout"
step "aimharder sessions"
said '^ana@example.org *background .* active '
if grep -q ' device ' "$out"; then fail "the device session is still there"; fi

say "That was all, and every step did what it says."
