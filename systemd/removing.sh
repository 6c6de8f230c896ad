# shellcheck shell=sh disable=SC2154 # read by install.sh only
# Removes what install.sh has placed, by the list that it keeps.

checksum() { sha256sum <"$1" | cut -d ' ' -f 1; }

# Removes the files whose list entries are on standard input, and leaves those that were changed since they were placed.
# Prints one line for each: what was done, and the path.
remove() {
    while IFS= read -r entry; do
        place=/${entry#*/} sum=${entry%%/*}
        if [ -h "$root$place" ]; then
            now=a-link
        elif [ -f "$root$place" ]; then
            now=$(checksum "$root$place" 2>/dev/null) || now=unreadable
        else
            continue
        fi
        case ${sum%  } in
        '' | "$now")
            rm -f "$root$place"
            printf 'removed %s\n' "$place"
            ;;
        *) printf 'left %s\n' "$place" ;;
        esac
    done
}

# Prints such lines, shortened to one for each folder; the files that are left are all named.
by_folder() {
    ROOT=$root awk '
        { verb = $1; place = folder = substr($0, length(verb) + 2); sub("/[^/]*$", "", folder) }
        verb == "left" { left[++lefts] = place; next }
        !count[verb, folder]++ { order[++groups] = verb SUBSEP folder }
        { last[verb, folder] = place }
        END {
            root = ENVIRON["ROOT"]
            for (i = 1; i <= groups; i++) {
                split(order[i], of, SUBSEP)
                n = count[order[i]]
                print of[1] " " (n == 1 ? root last[order[i]] : n " files in " root of[2])
            }
            for (i = 1; i <= lefts; i++) print "left " root left[i] ": it was changed since it was placed"
        }'
}

# Removes the folders that are named on standard input and empty, inner ones first.
remove_empty() {
    sort -r | while IFS= read -r place; do
        if rmdir "$root$place" 2>/dev/null; then say "removed $root$place"; fi
    done
}

uninstall() {
    if [ ! -f "$root$list" ]; then
        say "nothing to remove: this script has placed nothing ($root$list is not there)"
        return
    fi
    if running; then
        $systemctl stop 'aimharder-refresh*' 'aimharder-prebook*' || true
    fi
    # what `enable` has made, without needing a running systemd
    rm -f "$root$wants"/aimharder-refresh.timer "$root$wants"/aimharder-refresh@*.timer \
        "$root$wants"/aimharder-prebook.timer "$root$wants"/aimharder-prebook@*.timer
    rmdir "$root$wants" 2>/dev/null || true
    entries=$(cat "$root$list")
    printf '%s\n' "$entries" | grep -v '/$' | remove | by_folder
    rm -f "$root$list"
    printf '%s\n' "$entries" | grep '/$' | remove_empty
    if running; then $systemctl daemon-reload; fi
    # a program that was changed is named already
    if printf '%s\n' "$entries" | sed 's|^[^/]*||' | grep -qxF -e "$program"; then program=''; fi
    for place in "$program" "$config" "$state"; do
        if [ -n "$place" ] && [ -e "$root$place" ]; then say "left $root$place"; fi
    done
    if [ -e "$root$state/aimharder.db" ]; then
        say "the store has logins: \`aimharder logout\` and \`aimharder logout --background --yes-delete-background\` delete them"
    fi
    if [ "$scope" = system ]; then say "left the user aimharder, which owns the state"; fi
    if [ -z "$root" ] && crontab -l 2>/dev/null | grep -q '^[^#]*aimharder'; then
        say "your crontab still runs aimharder: remove its lines by crontab -e"
    fi
}
