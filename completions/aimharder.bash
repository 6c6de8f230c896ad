# bash completion for aimharder                                          -*- shell-script -*-
# shellcheck shell=bash
# Written by `aimharder completions bash`. The program prints the candidates.
_aimharder() {
    local candidates
    COMPREPLY=()
    candidates=$(command aimharder __complete bash -- "$COMP_WORDBREAKS" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null) || return 0
    [[ -n $candidates ]] && mapfile -t COMPREPLY <<<"$candidates"
    if ((${#COMPREPLY[@]} == 0)) && [[ $2 == [./~]* || $2 == *\$* ]]; then
        compopt -o default 2>/dev/null
    elif ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}
complete -o nosort -F _aimharder aimharder 2>/dev/null || complete -F _aimharder aimharder
