#!/bin/sh
# Installs aimharder for yourself or for the machine: the program, its units, completions, man pages, a commented
# config and the state folder. Calling it again updates all of them, except the config, which is never changed.
#
#   systemd/install.sh [--user | --system] [--enable] [--prefix DIR] [--binary FILE]
#   systemd/install.sh --uninstall [--user | --system] [--prefix DIR]
#
#   --user       install for you (default, except for root): the program in ~/.cargo/bin, where `cargo install` puts it
#   --system     install for the machine, with a user of its own: the program in /usr/local/bin
#   --enable     start the timers too (log in first). With --user it also tries a refresh, and installs a drop-in of
#                systemd/examples if systemd cannot set up the restrictions of the units, as in some containers
#   --prefix     install the program in DIR/bin and the man pages in DIR/share/man; the units use that path
#   --binary     program to install [default: the newest of target/release/aimharder and the installed one]
#   --uninstall  remove the files that this script has installed, and the folders that it created and that are empty.
#                Files that were changed since then are kept and named; so are config and state
#
# With DESTDIR=FOLDER in the environment all files go below that folder, and the running system is not changed.
# A copy of this repository needs the contents of the links in systemd: make it with `cp -rL`.
# Exit codes: 0 done, 1 something could not be done, 2 wrong usage.
set -eu
umask 022

say() { printf '%s\n' "$@"; }
fail() {
    printf 'install.sh: %s\n' "$2" >&2
    exit "$1"
}

# --- arguments -------------------------------------------------------------------------------------------------------

scope='' enable='' uninstall='' prefix='' binary=''
while [ $# -gt 0 ]; do
    case $1 in
    --user | --system) scope=${1#--} ;;
    --enable) enable=yes ;;
    --uninstall) uninstall=yes ;;
    --prefix | --binary)
        [ -n "${2-}" ] || fail 2 "$1 needs a value"
        case $1 in --prefix) prefix=$2 ;; *) binary=$2 ;; esac
        shift
        ;;
    -h | --help)
        sed -n '/^#!/d; s/^# \{0,1\}//p; /^set /q' "$0"
        exit 0
        ;;
    *) fail 2 "unknown argument $1; see --help" ;;
    esac
    shift
done
root=${DESTDIR-}
root=${root%/}
if [ -z "$scope" ]; then
    if [ "$(id -u)" -eq 0 ]; then scope=system; else scope=user; fi
fi
if [ -z "$root" ]; then
    case $scope in
    system)
        [ "$(id -u)" -eq 0 ] || fail 2 "--system needs root: sudo $0 --system"
        command -v systemd-sysusers >/dev/null || fail 1 "--system needs systemd-sysusers, which creates the user"
        ;;
    user)
        [ "$(id -u)" -ne 0 ] || fail 2 "--user installs for the calling user, not for root: call it without sudo, or as sudo -u USER $0 --user"
        ;;
    esac
fi
case $binary in '' | /*) ;; *) binary=$PWD/$binary ;; esac
case $prefix in '' | /*) ;; *) prefix=$PWD/$prefix ;; esac
prefix=${prefix%/}
source=$(unset CDPATH && cd "$(dirname "$0")/.." && pwd)

# shellcheck source=systemd/places.sh
. "$source/systemd/places.sh"
# Whether a systemd runs that can be called.
running() {
    [ -z "$root" ] || return 1
    case $scope in
    system) [ -d /run/systemd/system ] ;;
    user) systemctl --user show-environment >/dev/null 2>&1 ;;
    esac
}

# --- removing --------------------------------------------------------------------------------------------------------

# shellcheck source=systemd/removing.sh
. "$source/systemd/removing.sh"
if [ -n "$uninstall" ]; then
    uninstall
    exit 0
fi

# --- placing ---------------------------------------------------------------------------------------------------------

work=$(mktemp -d)
placed=$work/placed news=$work/news finished=''
: >"$placed"
: >"$news"
# Updates the list and prints what was done, also after a failure. A folder stays on the list, because only the first
# call creates it.
# shellcheck disable=SC2317 # called when the script ends
leave() {
    if [ -s "$placed" ]; then
        make "${list%/*}"
        if [ -f "$root$list" ]; then
            grep '/$' "$root$list" >>"$placed" || true
            if [ -z "$finished" ]; then unlisted <"$root$list" >>"$placed"; fi
        fi
        sort -u "$placed" >"$root$list"
    fi
    [ -n "$finished" ] || by_folder <"$news"
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# make FOLDER [FLAG …]: creates a folder and those above it, and lists the new ones. The flags of `install` are for the
# last one.
make() {
    made=$1 new=''
    while [ -n "$made" ] && [ ! -d "$root$made" ]; do
        new="$made/
$new"
        made=${made%/*}
    done
    printf '%s' "$new" >>"$placed"
    mkdir -p "$root${1%/*}"
    folder=$1
    shift
    [ -d "$root$folder" ] || install -d "$@" "$root$folder"
}

# put MODE FILE PLACE: copies a file in one step. An equal file that is not on the list was not installed by this script
# and is not listed.
put() {
    if cmp -s "$2" "$root$3"; then
        if ! listed "$3"; then
            printf 'found %s\n' "$3" >>"$news"
            return
        fi
        chmod "$1" "$root$3"
    else
        make "${3%/*}"
        install -m "$1" "$2" "$root$3.new"
        mv -f "$root$3.new" "$root$3"
        printf 'placed %s\n' "$3" >>"$news"
    fi
    printf '%s  %s\n' "$(checksum "$root$3")" "$3" >>"$placed"
}

# The list's entries are paths of folders, which end with a slash, and `CHECKSUM  PATH` of files; earlier versions wrote
# no checksums.
listed() { [ -f "$root$list" ] && sed 's|^[^/]*||' "$root$list" | grep -qxF -e "$1"; }
# Prints the entries on standard input that are files which this call has not placed.
unlisted() {
    sed 's|^[^/]*||' "$placed" >"$work/paths"
    while IFS= read -r entry; do
        case $entry in
        */) ;;
        *) grep -qxF -e "/${entry#*/}" "$work/paths" || printf '%s\n' "$entry" ;;
        esac
    done
}

find_program() {
    if [ -z "$binary" ]; then
        # shellcheck disable=SC2012 # the newest of three known names
        binary=$(ls -1t "$source/target/release/aimharder" "$program" "$(command -v aimharder)" 2>/dev/null | head -n 1)
    fi
    if [ ! -f "$binary" ] || [ ! -x "$binary" ]; then
        how='name one by --binary'
        if [ -f "$source/Cargo.toml" ]; then how="\`cargo install --locked --path $source\`, or $how"; fi
        fail 1 "no program to install: $how"
    fi
}
# A path in the form that systemd and sed read.
in_unit() {
    home=
    rest=$1
    if [ "$scope" = user ]; then
        case $1 in "$HOME"/*) home=%h rest=${1#"$HOME"} ;; esac
    fi
    case $rest in
    *[!A-Za-z0-9/._+@%-]*) fail 1 "a unit cannot use a path with unusual characters: $1" ;;
    esac
    printf '%s%s' "$home" "$(printf '%s' "$rest" | sed 's/%/%%/g')"
}

# Sets `places`: the sed commands that write the paths of this installation into the units.
find_places() {
    in_program=$(in_unit "$program")
    if [ "$scope" = user ]; then
        in_states=$(in_unit "$states")
        in_settings=$(in_unit "$settings")
        places="s|%h/.cargo/bin/aimharder|$in_program|g; s|%h/.local/state|$in_states|g; s|%h/.config|$in_settings|g"
    else
        places="s|/usr/local/bin/aimharder|$in_program|g"
    fi
}
put_units() {
    for unit in "$source/systemd/$scope"/*; do
        # a clone without symbolic links has a file with the name of another
        grep -qxF '[Unit]' "$unit" || fail 1 "$unit is not a unit: links are missing in this copy; make it with cp -rL"
        sed "$places" "$unit" >"$work/unit"
        put 0644 "$work/unit" "$units/${unit##*/}"
    done
    # the drop-ins that an earlier call needed
    for drop_in in container no-user-namespaces; do
        if listed "$drop_ins/$drop_in.conf" && [ -f "$root$drop_ins/$drop_in.conf" ]; then put_drop_in "$drop_in"; fi
    done
}
put_drop_in() { put 0644 "$source/systemd/examples/$1.conf" "$drop_ins/$1.conf"; }

# put_completion SHELL FILE_HERE PLACE: as the program prints it, or the file if the program is for another machine.
put_completion() {
    file=$source/completions/$2
    if "$binary" completions "$1" >"$work/completions" 2>/dev/null; then file=$work/completions; fi
    put 0644 "$file" "$3"
}
put_man() {
    mkdir "$work/man"
    if ! "$binary" man --dir "$work/man" >/dev/null 2>&1; then
        say "skipped the man pages: $binary does not write them"
        return
    fi
    for page in "$work/man"/*.1; do
        put 0644 "$page" "$man/${page##*/}"
    done
}

put_config() {
    if [ -e "$root$config" ] || [ -L "$root$config" ]; then
        printf 'kept %s\n' "$config" >>"$news"
        return
    fi
    make "${config%/*}"
    # shellcheck disable=SC2086 # flags
    install $config_as "$source/examples/config.toml" "$root$config"
    printf 'placed %s\n' "$config" >>"$news"
}

put_state() {
    [ ! -d "$root$state" ] || return 0
    # shellcheck disable=SC2086 # flags
    make "$state" -m 0700 $state_as
    printf 'made %s\n' "$state" >>"$news"
}

# The user of the system units; needs no running systemd.
put_user() {
    put 0644 "$source/systemd/sysusers.d/aimharder.conf" "$lib/sysusers.d/aimharder.conf"
    [ -n "$root" ] || systemd-sysusers "$lib/sysusers.d/aimharder.conf"
}

# Removes what an older version placed and this one does not.
drop_old() {
    [ -f "$root$list" ] || return 0
    unlisted <"$root$list" | remove >>"$news"
}

find_program
find_places
if [ "$scope" = system ]; then put_user; fi
put 0755 "$binary" "$program"
put_units
put_completion bash aimharder.bash "$bash/aimharder"
put_completion zsh _aimharder "$zsh/_aimharder"
put_completion fish aimharder.fish "$fish/aimharder.fish"
put_man
put_config
put_state
drop_old
finished=yes
by_folder <"$news"
[ -z "$root" ] || exit 0

# --- starting --------------------------------------------------------------------------------------------------------

# Starts a refresh. Sets `code` to its exit code, or to that of systemd if it could not set up the unit.
try_refresh() {
    # a unit that failed several times within seconds is not started
    $systemctl reset-failed 'aimharder-*' 2>/dev/null || true
    $systemctl start aimharder-refresh.service 2>/dev/null || true
    code=$($systemctl show --property=ExecMainStatus --value aimharder-refresh.service) || code=unknown
}
# Whether systemd could not set up the restrictions: 217 is USER, 218 CAPABILITIES, 226 NAMESPACE.
no_sandbox() { case $code in 217 | 218 | 226) ;; *) return 1 ;; esac }

# Tries a refresh. If the restrictions of the unit cannot be set up, adds the drop-ins that reduce them.
try_out() {
    try_refresh
    for drop_in in container no-user-namespaces; do
        no_sandbox || break
        # without user namespaces (217) no restriction can be kept
        if [ "$drop_in$code" = container217 ]; then continue; fi
        say "systemd cannot set up the restrictions of the units (it ended with $code): placed $drop_ins/$drop_in.conf"
        put_drop_in "$drop_in"
        $systemctl daemon-reload
        try_refresh
    done
    case $code in
    0 | 3) ;; # 3: no login yet
    *)
        say "aimharder-refresh ended with $code: journalctl --user -u aimharder-refresh"
        if no_sandbox; then
            # a drop-in that does not help must not reduce the restrictions later
            rm -f "$drop_ins/container.conf" "$drop_ins/no-user-namespaces.conf"
            say "removed the drop-ins again, because they do not help"
            $systemctl daemon-reload
            status=1
        fi
        ;;
    esac
}

status=0
login='aimharder login' sudo=''
if [ "$scope" = system ]; then
    sudo='sudo '
    login="sudo $program --system login"
fi
if running; then
    $systemctl daemon-reload
    if [ -n "$enable" ]; then
        # shellcheck disable=SC2086 # two names
        $systemctl enable --now $timers
        say "started $timers"
        if [ "$scope" = user ]; then try_out; fi
    fi
elif [ -n "$enable" ]; then
    say "not started: systemd does not run here, or not for this user (loginctl enable-linger starts it)"
    status=1
fi

# --- next steps -------------------------------------------------------------------------------------------------------

say "" "Next:"
say "  $login"
if running; then
    [ -n "$enable" ] || say "  $sudo$systemctl enable --now $timers"
    [ "$scope" = system ] || say "  loginctl enable-linger    # so that they run while you are not logged in"
    say "  $sudo$systemctl start aimharder-refresh    # try it: no output means success"
else
    say "  systemd does not run here. When it does: $systemctl daemon-reload; $systemctl enable --now $timers"
    [ "$scope" = system ] || say "  or by cron, once: $(by_cron)"
fi
case :$PATH: in
*":${program%/*}:"*) ;;
*) say "  ${program%/*} is not on your PATH: add it" ;;
esac
if [ "$scope" = user ] && command -v zsh >/dev/null; then
    say "  zsh looks for completions in \$fpath: add $zsh before compinit"
fi
exit "$status"
