#!/bin/sh
# Shows aimharder at work: the real program against a stand-in for the platform on this machine. It needs no account,
# sends nothing beyond the loopback device, and leaves your own files alone. Each command is shown before its output.
# The exit code is 0 only if every step did what it says.
#
#   examples/demo.sh
#
# AIMHARDER_PROGRAMS names a folder with `aimharder` and `examples/sandbox`; without it both are built.
set -eu

cd "$(dirname "$0")/.."
programs=${AIMHARDER_PROGRAMS:-}
if [ -z "$programs" ]; then
    cargo build --bins --example sandbox
    programs=${CARGO_TARGET_DIR:-target}/debug
fi

# --- a temporary folder, removed at the end ------------------------------------------------------

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

# --- how a step is shown -------------------------------------------------------------------------

# The program with an empty home, no setting of yours, and a crontab of its own.
aimharder() {
    env -i PATH="$here/tools:$PATH" HOME="$here/home" "$programs/aimharder" "$@"
}

mkdir -p "$here/tools" "$here/home/.cargo/bin"
ln -s "$(cd "$programs" && pwd)/aimharder" "$here/home/.cargo/bin/aimharder"
printf '#!/bin/sh\nexec cat "%s"\n' "$PWD/examples/crontab" >"$here/tools/crontab"
printf '#!/bin/sh\nexit 1\n' >"$here/tools/systemctl"
chmod +x "$here/tools/crontab" "$here/tools/systemctl"

# On a terminal, remarks and commands have a style of their own.
remark='' typed='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
    remark=$(printf '\033[36m') typed=$(printf '\033[1m') plain=$(printf '\033[0m')
fi

say() {
    printf '\n'
    printf '%s\n' "$*" | fold -s -w 77 | sed -e "s/^/$remark# /" -e "s/ *\$/$plain/"
}

fail() {
    printf '\ndemo.sh: %s\n' "$*" >&2
    exit 1
}

# step COMMAND [EXIT_CODE]: shows a command, runs it, shows its output, and checks its exit code.
step() {
    printf '\n%s$ %s%s\n' "$typed" "$1" "$plain"
    status=0
    eval "$1" >"$out" 2>&1 || status=$?
    cat "$out"
    [ "$status" -eq 0 ] || printf '(exit code %s)\n' "$status"
    [ "$status" -eq "${2:-0}" ] || fail "exit code $status instead of ${2:-0}"
}

# expect PATTERN: checks that the last step printed this.
expect() {
    grep -q -e "$1" "$out" || fail "the last command did not print: $1"
}

# --- the stand-in --------------------------------------------------------------------------------

# It ends when its standard input is closed, and so with this script, however that ends. It prints
# its address first, then the config that leads there.
mkdir -p "$here/home/.config/aimharder"
config=$here/home/.config/aimharder/config.toml
mkfifo "$here/lifeline" "$here/hello"
"$programs/examples/sandbox" --exit-with-stdin --opens-in 6 <"$here/lifeline" >"$here/hello" &
sandbox=$!
exec 9>"$here/lifeline"
printf 'password_command = "echo correct-horse" # better: ["pass", "show", "aimharder"]\n\n' >"$config"
sed -e 1d -e '/by the rule/q' <"$here/hello" >>"$config"
rule=$(sed -n 's/.*by the rule //p' "$config")

say "A stand-in for AimHarder listens on this machine. This config leads to it:"
step "cat $config"
expect '^connect_to = "127.0.0.1:'

# --- the steps -----------------------------------------------------------------------------------

# A weekday that is neither today nor tomorrow in the time zone of the box.
case $(TZ=CET-1CEST,M3.5.0,M10.5.0/3 date +%u) in
    1 | 2 | 3) day=fri ;;
    *) day=tue ;;
esac

say "Ana logs in. The program gets her password from password_command."
step "aimharder login ana@example.org"
expect 'crossfitdemo (CrossFit Demo)'

say "She has two sessions now: one for this machine, one for cron and timers."
step "aimharder sessions"
expect '^ana@example.org *device .* active '
expect '^ana@example.org *background .* active '

say "This is her gym. AimHarder calls it a box."
step "aimharder boxes"
expect '^crossfitdemo .* 10122 *Europe/Madrid'

say "Which classes are there?"
step "aimharder classes $day"
expect '18:30–19:30  WOD '
expect 'Halterofilia .* full '

say "She books a class."
step "aimharder book $day 18:30 wod"
expect '^booked: WOD, .* 18:30'
reservation=$(sed -n 's/.*reservation \([0-9]*\).*/\1/p' "$out")

say "Booking it again sends no second request, and the exit code is 0. Scripts ask for JSON:"
step "aimharder book $day 18:30 wod --json"
expect '"outcome":"already_booked"'
expect '"state":"booked"'
expect "\"reservation_id\":\"$reservation\""

say "A full class is refused, with exit code 4."
step "aimharder book $day 20:30 gimnastics" 4
expect 'not booked: Gimnàstics Avançat, .*: the class is full'

say "Booking of tomorrow's class at 22:00 opens in a few seconds. Ana stores a prebooking."
step "aimharder prebook add tomorrow 22:00 --opens $rule"
expect '22:00'

say "Her crontab runs this every 15 minutes. It books at the instant booking opens."
step "aimharder prebook run"
expect '^booked: 22:00 WOD Nocturno'

say "What is booked?"
step "aimharder bookings"
expect "18:30  WOD .* booked  *reservation $reservation"
expect '22:00  WOD Nocturno .* booked'

say "She cancels. The program says so only when the schedule shows it."
step "aimharder cancel $day"
expect '^cancelled: WOD'
step "aimharder cancel tomorrow"
expect '^cancelled: WOD Nocturno'
step "aimharder bookings"
expect '^nothing booked$'

say "She logs out on this machine. The session for cron and timers stays."
step "aimharder logout"
step "aimharder sessions"
expect '^ana@example.org *background .* active '
if grep -q ' device ' "$out"; then fail "the device session is still there"; fi

say "Every step did what it says. Next, install the program and log in to your account:"
printf '\n    cargo install --locked --path .\n    aimharder login ana@example.org\n'
