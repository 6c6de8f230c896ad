# shellcheck shell=sh disable=SC2034,SC2154 # read by install.sh only
# The paths of all files, from `scope` (user or system), `prefix` (may be empty) and `root` (DESTDIR, may be empty).

if [ "$scope" = user ]; then
    settings=${XDG_CONFIG_HOME:-$HOME/.config}
    data=${XDG_DATA_HOME:-$HOME/.local/share}
    states=${XDG_STATE_HOME:-$HOME/.local/state}
    prefix=${prefix:-${CARGO_HOME:-$HOME/.cargo}}
    units=$settings/systemd/user
    wants=$units/timers.target.wants
    bash=$data/bash-completion/completions
    zsh=$data/zsh/site-functions
    fish=$settings/fish/completions
    list=$data/aimharder/installed
    config=$settings/aimharder/config.toml
    config_as='-m 0600' state_as=
    state=$states/aimharder
    systemctl='systemctl --user'
    # `sudo -u USER` does not set it, and `systemctl --user` needs it
    export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"
else
    prefix=${prefix:-/usr/local}
    case $prefix in /usr) lib=/usr/lib ;; *) lib=/etc ;; esac
    units=$lib/systemd/system
    wants=/etc/systemd/system/timers.target.wants
    bash=$prefix/share/bash-completion/completions
    zsh=$prefix/share/zsh/site-functions
    fish=$prefix/share/fish/vendor_completions.d
    list=$prefix/share/aimharder/installed
    config=/etc/aimharder/config.toml
    config_as='-m 0640 -g aimharder' state_as='-o aimharder -g aimharder'
    [ -z "$root" ] || config_as='-m 0640' state_as=''
    state=/var/lib/aimharder
    systemctl=systemctl
fi
drop_ins=$units/aimharder-.service.d # for all units whose names begin with `aimharder-`
program=$prefix/bin/aimharder
man=$prefix/share/man/man1 # `man` looks beside the folders of PATH
timers='aimharder-refresh.timer aimharder-prebook.timer'

# The command line that adds the lines of examples/crontab, with the path of the program.
by_cron() {
    file=$source/examples/crontab
    case $file in *[!A-Za-z0-9/._+@%-]*) file="'$(printf '%s' "$file" | sed "s/'/'\\\\''/g")'" ;; esac
    lines="cat $file"
    if [ "$program" != "$HOME/.cargo/bin/aimharder" ]; then
        in_cron=$(printf '%s' "$program" | sed 's/[&|\\]/\\&/g; s/%/\\\\%/g')
        lines="sed 's|\"\$HOME\"/.cargo/bin/aimharder|\"$in_cron\"|' $file"
    fi
    printf '(crontab -l; %s) | crontab -' "$lines"
}
