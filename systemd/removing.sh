# shellcheck shell=sh disable=SC2154 # read by install.sh, and by nobody else
# Taking away what install.sh has placed, by the list that it keeps: files, and folders (a slash behind them).

# The files that are named on standard input.
remove() {
    while IFS= read -r place; do
        rm -f "$root$place"
        say "removed $place"
    done
}

# The folders that are named on standard input, where nothing is left in them: those inside others first.
remove_empty() {
    sort -r | while IFS= read -r place; do
        if rmdir "$root$place" 2>/dev/null; then say "removed $place"; fi
    done
}

uninstall() {
    if [ ! -f "$root$list" ]; then
        say "nothing to remove: this script has placed nothing ($list is not there)"
        return
    fi
    if running; then
        $systemctl stop 'aimharder-refresh*' 'aimharder-prebook*' || true
    fi
    # what `enable` has made, without needing a running systemd
    rm -f "$root$wants"/aimharder-refresh.timer "$root$wants"/aimharder-refresh@*.timer \
        "$root$wants"/aimharder-prebook.timer "$root$wants"/aimharder-prebook@*.timer
    rmdir "$root$wants" 2>/dev/null || true
    listed=$(cat "$root$list")
    printf '%s\n' "$listed" | grep -v '/$' | remove
    rm -f "$root$list"
    printf '%s\n' "$listed" | grep '/$' | remove_empty
    if running; then $systemctl daemon-reload; fi
    for place in "$program" "$config" "$state"; do
        if [ -e "$root$place" ]; then say "left $place"; fi
    done
    if [ -e "$root$state/aimharder.db" ]; then
        say "the store holds logins: \`aimharder logout\` and \`aimharder logout --background --yes-delete-background\` forget them"
    fi
    if [ "$scope" = system ]; then say "the user aimharder stays too: it owns the state"; fi
}
